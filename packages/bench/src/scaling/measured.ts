import type { Figures } from './figures.ts'

// Written by `node dist/scaling/measure.js`.
export const measured: Figures = {
  machine: '2 × AMD EPYC, Node 24.21.0',
  date: '2026-11-21',
  delivery: { alone: 6.57, ofSixteen: 0.41 },
  join: { fresh: 103, resuming: 146, tls: 701 },
  memory: { resident: 4.82, kernel: 3.82 },
  redis: { append: 49.3, read: 12.1, node: 49.3 },
}
