// Writes the tables and pictures of docs/scaling.md from what was measured: node dist/scaling/main.js
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { measured } from './measured.ts'
import { withTables } from './page.ts'
import { report } from './report.ts'

const docs = new URL('../../../../docs/', import.meta.url)
const page = new URL('scaling.md', docs)
const { tables, pictures } = report(measured)

writeFileSync(page, withTables(readFileSync(page, 'utf8'), tables))
mkdirSync(new URL('scaling/', docs), { recursive: true })
for (const [name, picture] of Object.entries(pictures)) {
  writeFileSync(new URL(`scaling/${name}`, docs), picture)
}
