import type { Figures } from './figures.ts'

// Written by `node dist/scaling/measure.js`.
export const measured: Figures = {
  machine: '2 × AMD EPYC, Node 24.21.0',
  date: '2026-11-21',
  delivery: { alone: 2.5, ofSixteen: 0.6 },
  join: { fresh: 200, resuming: 275, tls: 865 },
  memory: { resident: 6, kernel: 4 },
  redis: { append: 30, read: 12, node: 25 },
}
