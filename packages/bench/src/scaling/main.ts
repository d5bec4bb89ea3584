// Writes the tables and charts of docs/scaling.md from the measurements: node dist/scaling/main.js
import { writeReport } from '../report/page.ts'
import { measured } from './measured.ts'
import { createScalingReport } from './report.ts'

writeReport(new URL('../../../../docs/scaling.md', import.meta.url), createScalingReport(measured))
