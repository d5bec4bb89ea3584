import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { type OperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Operator } from '../../test/state-law.ts'
import { every, type Reading, stateful, withClock } from '../../test/stateful.ts'

const readings = fc
  .array(
    fc.record({
      step: fc.integer({ min: -15, max: 20 }),
      key: fc.nat(3),
      value: fc.integer({ min: -1000, max: 1000 }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((list) => {
    let time = 1000
    return list.map(({ step, key, value }, i): Reading => {
      time += step
      return { id: `${i}`, key, value, time }
    })
  })

type Created = OperatorFunction<Reading, unknown>

/** Two streams at the same time. Each result of the first one sends the next event to the second one, at once. */
function runBoth(
  create: (clock: VirtualClock) => readonly [Created, Created],
  first: readonly Reading[],
  second: readonly Reading[],
): readonly unknown[] {
  const clock = new VirtualClock()
  const [left, right] = [new Subject<Reading>(), new Subject<Reading>()]
  const seen: unknown[] = []
  const [leftOperator, rightOperator] = create(clock)
  const waiting = [...second]
  const record = (side: string) => (result: unknown) =>
    seen.push([side, clock.now(), structuredClone(result)])
  right.pipe(rightOperator).subscribe(record('right'))
  left.pipe(leftOperator).subscribe((result) => {
    record('left')(result)
    const next = waiting.shift()
    if (next !== undefined) right.next(next)
  })
  for (const event of first) {
    left.next(event)
    clock.advanceTo(clock.now() + 7)
  }
  for (const source of [left, right]) source.complete()
  clock.runOut()
  return seen
}

describe.each(Object.entries({ ...stateful, ...withClock }))('one operator of %s', (_, operators) => {
  it('gives two streams what two operators give, also if one stream sends events to the other', () => {
    fc.assert(
      fc.property(operators, readings, readings, (operator: Operator<Reading>, first, second) => {
        const separate = runBoth(
          (scheduler) => [operator({ scheduler }), operator({ scheduler })],
          first,
          second,
        )
        const shared = runBoth(
          (scheduler) => {
            const one = operator({ scheduler })
            return [one, one]
          },
          first,
          second,
        )
        expect(shared).toEqual(separate)
      }),
      { numRuns: 5 * every },
    )
  })
})
