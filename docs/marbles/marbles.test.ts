import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { draw } from './draw.ts'
import { record } from './record.ts'
import { scenarios } from './scenarios/index.ts'

const folder = new URL('../operators/marbles/', import.meta.url)

describe('the marble diagrams', () => {
  // `pnpm --filter @rxsse/docs marbles` draws them anew.
  it.each(Object.entries(scenarios))('show what %s does', async (name, scenario) => {
    expect(readFileSync(new URL(`${name}.svg`, folder), 'utf8')).toBe(draw(await record(scenario)))
  })

  it('are those that there is a scenario for', () => {
    const names = readdirSync(folder).map((file) => basename(file, '.svg'))
    expect(names.sort()).toEqual(Object.keys(scenarios).sort())
  })
})
