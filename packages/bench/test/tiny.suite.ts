import type { Suite } from '../src/harness/suite.ts'

/** Spins for a known time an operation, so that the measurement can be told from the warm-up and from the idle. */
function spinner(name: string, microseconds: number): Suite['contenders'][number] {
  let runs = 0
  return {
    name,
    prepare: () => ({
      async run(operations) {
        runs++
        const end = performance.now() + (operations * microseconds) / 1000
        while (performance.now() < end);
        return { runs, operations }
      },
    }),
  }
}

export const suite: Suite = {
  title: 'Spinning',
  description: 'Two that spin, one of them three times as long.',
  operation: 'turn',
  operations: { full: 200, quick: 20, warmUp: 10 },
  contenders: [
    spinner('short', 100),
    spinner('long', 300),
    {
      name: 'idle',
      prepare: () => ({
        run: () => new Promise((resolve) => setTimeout(resolve, 50)),
      }),
    },
  ],
}
