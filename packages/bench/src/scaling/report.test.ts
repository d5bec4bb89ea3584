import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fillPage } from '../report/page.ts'
import { measured } from './measured.ts'
import { createScalingReport } from './report.ts'

const docs = new URL('../../../../docs/', import.meta.url)

it('docs/scaling.md shows what the model and the simulation make of the figures; `pnpm --filter @rxsse/bench scaling` writes it', () => {
  const { parts, pictures } = createScalingReport(measured)
  const page = readFileSync(new URL('scaling.md', docs), 'utf8')
  expect(page).toBe(fillPage(page, parts))
  for (const [name, picture] of Object.entries(pictures)) {
    expect(readFileSync(new URL(`scaling/${name}`, docs), 'utf8')).toBe(picture)
    expect(page).toContain(`(./scaling/${name})`)
  }
})
