import fc from 'fast-check'
import { describe, it } from 'vitest'
import { checkStateLaw, type Operator, type Plan, type Step } from '../../test/state-law.ts'
import { every, type Reading, stateful, withClock } from '../../test/stateful.ts'
import {
  type Aggregates,
  countWindow,
  session,
  slidingWindow,
  threshold,
  tumbling,
  windowAggregate,
} from '../index.ts'

const steps: fc.Arbitrary<readonly Step<Reading>[]> = fc
  .array(
    fc.record({
      wait: fc.nat(20),
      lag: fc.nat(25),
      key: fc.oneof(fc.nat(3), fc.nat(1)),
      value: fc.double({ min: -1000, max: 1000, noNaN: true }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) => {
    let now = 0
    return list.map(({ wait, lag, key, value }, i) => {
      now += wait
      return { wait, event: { id: `${i}`, key, value, time: 1000 + now - lag } }
    })
  })

const plans: fc.Arbitrary<Plan<Reading>> = fc.record({
  pieces: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 100), { minLength: 1, maxLength: 4 }),
  waited: fc.constantFrom(0, 0.4, 1),
  life: fc.constantFrom(1, 3, 100),
  change: fc
    .record({ by: fc.nat(3), jump: fc.constantFrom(0, 0, 15, 40) })
    .map(({ by, jump }) => (event: Reading) => {
      return { ...event, key: (event.key + by) % 4, time: event.time + jump }
    }),
})

describe.each(Object.entries(stateful))('the state of %s', (_, operators) => {
  it('gives the results of an uninterrupted run, saved in pieces at any event and restored', () => {
    fc.assert(
      fc.property(operators, steps, plans, (operator, list, plan) => checkStateLaw(operator, list, plan)),
      { numRuns: every },
    )
  })
})

describe.each(Object.entries(withClock))('the state of %s', (_, operators) => {
  it('goes on with the clock at once, saved in pieces at any event and restored', () => {
    // The silence before a cut does not count after it, so there is none.
    fc.assert(
      fc.property(operators, steps, plans, (operator, list, plan) =>
        checkStateLaw(operator, list, { ...plan, waited: 0 }),
      ),
      { numRuns: every },
    )
  })
})

describe('a copy that is made while the stream ends', () => {
  const event = (key: number, time: number): Reading => ({ id: `${key} ${time}`, key, time, value: 1 })
  const aggregates = (a: Aggregates<Reading>) => ({ n: a.count() })
  const time = { timestamp: (r: Reading) => r.time, maxOutOfOrderness: 50, key: (r: Reading) => r.key }
  const operators: Readonly<Record<string, Operator<Reading>>> = {
    windowAggregate: (run) => windowAggregate(tumbling(30), { ...time, aggregates, ...run }),
    sessions: (run) => windowAggregate(session(30), { ...time, aggregates, ...run }),
    slidingWindow: (run) => slidingWindow({ size: 30, ...time, aggregates, ...run }),
    countWindow: (run) => countWindow({ size: 2, key: time.key, aggregates, ...run }),
    'threshold with for': (run) =>
      threshold({ ...time, for: 30, changesOnly: true, value: (r) => r.value, levels: { high: 0 }, ...run }),
  }

  it.each(Object.entries(operators))('shows nothing of the end, with %s', (_, operator) => {
    const steps = [event(0, 100), event(1, 100), event(1, 180)].map((each) => ({ wait: 1, event: each }))
    // Only the end changes the second key while the state is copied.
    const change = (each: Reading) => ({ ...each, key: 0, time: 60 })
    checkStateLaw(operator, steps, { pieces: [0], waited: 0, life: Number.POSITIVE_INFINITY, change })
  })
})
