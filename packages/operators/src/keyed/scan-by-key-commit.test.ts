import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import { commit } from '../flow/commit.ts'
import { createStage } from '../stage/create-stage.ts'
import type { KeyContext } from './key-context.ts'
import { scanByKey } from './scan-by-key.ts'

/** Each event of a key runs the step of its data's text. */
function run(steps: Record<string, (context: KeyContext<string>, time: number) => void>) {
  const source = new Subject<ReturnType<typeof event<{ key: string; step: string; time: number }>>>()
  const stage = createStage('scan')
  const saved: string[] = []
  source
    .pipe(
      scanByKey(
        {
          key: (e) => e.data.key,
          timestamp: (e) => e.data.time,
          seed: () => 0,
          onTimer: (n) => n,
          project: () => undefined,
          maxKeys: 3,
          stage,
        },
        (n, e, context) => {
          steps[e.data.step]?.(context, e.data.time)
          return n + 1
        },
      ),
      commit({ save: (id) => void saved.push(id) }, { after: stage }),
    )
    .subscribe()
  const send = (time: number, key: string, step: string) =>
    source.next(event({ key, step, time }, 'message', `${time}`))
  return { send, saved }
}

const steps = {
  wait: ({ setTimer }: KeyContext<string>, time: number) => setTimer(time + 10),
  clear: ({ clearTimer }: KeyContext<string>) => clearTimer(),
  forget: ({ forget }: KeyContext<string>) => forget(),
}

describe('a commit after scanByKey with timers', () => {
  it('saves nothing past the first event of a key whose timer is set anew again and again', () => {
    const { send, saved } = run(steps)
    send(1, 'a', 'nothing')
    for (const time of [2, 5, 9]) send(time, 'b', 'wait')
    send(10, 'a', 'nothing')
    expect(saved).toEqual(['1'])
    // The timer of 9 is due at 19.
    send(20, 'a', 'nothing')
    expect(saved.at(-1)).toBe('20')
  })

  it('saves on if the key is forgotten with its timer, if the timer is cleared, and if the key is evicted', () => {
    for (const step of ['forget', 'clear']) {
      const { send, saved } = run(steps)
      send(1, 'a', 'wait')
      send(2, 'a', step)
      expect(saved).toEqual(['2'])
    }
    const { send, saved } = run(steps)
    for (const [time, key] of ['a', 'b', 'c', 'd'].entries())
      send(time, key, key === 'a' ? 'wait' : 'nothing')
    expect(saved.at(-1)).toBe('3')
  })

  it('saves at every moment all events before the first one of a key that waits, and no more', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 8 }),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      step: fc.constantFrom('wait', 'wait', 'nothing', 'clear', 'forget'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (list) => {
        const { send, saved } = run(steps)
        /** Of each key, least recently used first: when its timer is due, and the first event since it waits. */
        const keys = new Map<string, { due: number; first: number }>()
        const idle = { due: Number.POSITIVE_INFINITY, first: Number.POSITIVE_INFINITY }
        let time = 0
        const ids: number[] = []
        for (const each of list) {
          time += each.wait + 1
          send(time, each.key, each.step)
          const due = [...keys].filter(([, { due: at }]) => at <= time).sort(([, a], [, b]) => a.due - b.due)
          // A timer that fires uses its key.
          for (const [key] of due) {
            keys.delete(key)
            keys.set(key, idle)
          }
          const before = keys.get(each.key) ?? idle
          keys.delete(each.key)
          if (each.step === 'wait')
            keys.set(each.key, { due: time + 10, first: Math.min(before.first, time) })
          else keys.set(each.key, each.step === 'nothing' ? before : idle)
          for (const oldest of keys.keys()) if (keys.size > 3) keys.delete(oldest)
          if (each.step === 'forget') keys.delete(each.key)
          const first = Math.min(...[...keys.values()].map((key) => key.first))
          ids.push(time)
          expect(saved.at(-1)).toBe(
            ids
              .filter((id) => id < first)
              .at(-1)
              ?.toString(),
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  it('takes the same time for an event however long a key has not been quiet', () => {
    const { send, saved } = run(steps)
    send(0, 'a', 'wait')
    for (let time = 1; time < 100_000; time++)
      send(time, time % 2 === 0 ? 'a' : 'b', time % 2 === 0 ? 'wait' : 'nothing')
    expect(saved).toEqual([])
    send(200_000, 'b', 'nothing')
    expect(saved.at(-1)).toBe('200000')
  })
})
