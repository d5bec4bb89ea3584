import { conformance } from '../../test/conformance.ts'
import { threshold } from './threshold.ts'

interface Metric {
  readonly at: number
  readonly host: string
  readonly cpu: number
}

conformance<Metric, unknown>('threshold with for', {
  operator: (options) =>
    threshold({
      ...options,
      timestamp: (m) => m.at,
      value: (m) => m.cpu,
      key: (m) => `${m.cpu % 2}`,
      levels: { high: 4 },
      for: '25ms',
      idle: '5ms',
      changesOnly: true,
    }),
  input: (i) => ({ at: i * 10, cpu: i, host: `h${i}` }),
  failing: (fail, options) => threshold({ ...options, value: fail, levels: { high: 75 }, for: 10 }),
  bounded: {
    keys: 500,
    operator: (options) =>
      threshold({
        ...options,
        value: () => 80,
        key: (m) => m.host,
        levels: { high: 75 },
        for: 10,
        maxKeys: 500,
      }),
  },
})
