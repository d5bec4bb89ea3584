// Writes the tables and pictures of docs/scaling.md from what was measured: node dist/scaling/main.js
import { writeReport } from '../report/page.ts'
import { measured } from './measured.ts'
import { report } from './report.ts'

writeReport(new URL('../../../../docs/scaling.md', import.meta.url), report(measured))
