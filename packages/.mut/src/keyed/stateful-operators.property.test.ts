import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { copyState, keepState } from '../../test/kept.ts'
import { joinWithin } from '../window/join-within.ts'
import { scanByKey } from './scan-by-key.ts'

interface Step {
  readonly side: 'left' | 'right'
  readonly key: string
  readonly at: number
  readonly n: number
}

const steps = fc
  .array(
    fc.record({
      side: fc.constantFrom('left' as const, 'right' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      step: fc.integer({ min: -4, max: 9 }),
    }),
    { maxLength: 40, size: 'max' },
  )
  .map((list) => {
    let at = 0
    return list.map(({ side, key, step }, n): Step => {
      at += step
      return { side, key, at, n }
    })
  })

interface Run {
  readonly seen: string[]
  readonly state: () => ReturnType<ReturnType<typeof keepState>['state']>
  send(step: Step): void
  complete(): void
}

function scan(): Run {
  const source = new Subject<Step>()
  const { stage, state } = keepState()
  const seen: string[] = []
  source
    .pipe(
      scanByKey(
        {
          key: (step) => step.key,
          timestamp: (step) => step.at,
          maxOutOfOrderness: 3,
          ttl: 25,
          maxKeys: 3,
          stage,
          seed: () => ({ list: [] as string[] }),
          onEvicted: ({ key, reason }) => seen.push(`${key} ${reason}`),
          onTimer(state, { time }) {
            state.list.push(`timer ${time}`)
            return state
          },
          project: ({ list }, { key }) => `${key} ${list.join()}`,
        },
        // It changes the state in place, which a copy must not see.
        (state, step, { setTimer, forget }) => {
          state.list.push(`event ${step.at}`)
          if (step.n % 3 > 0) setTimer(step.at + 7)
          if (step.n % 11 === 10) forget()
          return state
        },
      ),
    )
    .subscribe((text) => seen.push(text))
  return { seen, state, send: (step) => source.next(step), complete: () => source.complete() }
}

function join(): Run {
  const sides = { left: new Subject<Step>(), right: new Subject<Step>() }
  const { stage, state } = keepState()
  const seen: string[] = []
  const side = { key: (step: Step) => step.key, timestamp: (step: Step) => step.at }
  sides.left
    .pipe(
      joinWithin(
        sides.right,
        { left: side, right: side, within: 6, kind: 'full', maxOutOfOrderness: 5, maxBuffered: 9, stage },
        (a, b) => `${a?.n}+${b?.n}`,
      ),
    )
    .subscribe((text) => seen.push(text))
  return {
    seen,
    state,
    send: (step) => sides[step.side].next(step),
    complete() {
      sides.left.complete()
      sides.right.complete()
    },
  }
}

describe.each([
  ['scanByKey', scan],
  ['joinWithin', join],
])('%s, as a stage of a job', (_, start) => {
  it('goes on from a copy of its state as if nothing had happened, whatever came while the copy was made', () => {
    fc.assert(
      fc.property(steps, fc.nat(40), fc.nat(3), (list, position, pace) => {
        const original = start()
        const [before, after] = [list.slice(0, position), list.slice(position)]
        for (const step of before) original.send(step)
        original.seen.length = 0
        const copy = copyState(original.state(), (copyOne) => {
          for (const step of after) {
            for (let i = 0; i < pace; i++) copyOne()
            original.send(step)
          }
        })
        original.complete()

        const restored = start()
        restored.state().restore(copy)
        expect(restored.seen).toEqual([])
        for (const step of after) restored.send(step)
        restored.complete()
        expect(restored.seen).toEqual(original.seen)
      }),
      { numRuns: 1000 },
    )
  })
})
