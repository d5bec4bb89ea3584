import type { Suite } from '../src/harness/suite.ts'

export const suite: Suite = {
  title: 'Breaking',
  description: 'Of two, one cannot be measured.',
  operation: 'turn',
  operations: { full: 1, quick: 1, warmUp: 0 },
  contenders: [
    {
      name: 'broken',
      prepare() {
        throw new Error('cannot be prepared, as it should be in this test')
      },
    },
    { name: 'sound', prepare: () => ({ run() {} }) },
  ],
  targets: [{ contender: 'broken', against: 'sound', atMost: 1 }],
}
