import fc from 'fast-check'
import type { Stamped } from './window-model.ts'

/** Streams in about the right order, in quite the wrong one, on whole milliseconds and between them, before 1970 too. */
export const stampedStream: fc.Arbitrary<Stamped[]> = fc
  .record({
    origin: fc.constantFrom(-50, 0, 1_442_016_000_000),
    steps: fc.array(
      fc.record({
        step: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 0, max: 6 }) },
          { weight: 3, arbitrary: fc.integer({ min: -15, max: 0 }) },
          { weight: 1, arbitrary: fc.integer({ min: -40, max: 60 }) },
          { weight: 1, arbitrary: fc.constantFrom(0.25, 0.5, -0.75) },
        ),
        key: fc.constantFrom('a', 'b', 'c'),
      }),
      { maxLength: 40, size: 'max' },
    ),
  })
  .map(({ origin, steps }) => {
    let at = origin
    return steps.map(({ step, key }, id) => {
      at += step
      return { at, key, id }
    })
  })
