/** Draws every operator's picture anew: `pnpm --filter @rxsse/docs marbles`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { draw } from './draw.ts'
import { record } from './record.ts'
import { scenarios } from './scenarios/index.ts'

const folder = new URL('../operators/marbles/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, scenario] of Object.entries(scenarios)) {
  writeFileSync(new URL(`${name}.svg`, folder), draw(await record(scenario)))
}
