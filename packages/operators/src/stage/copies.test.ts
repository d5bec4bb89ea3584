import { it } from 'vitest'
import { checkStateLaw, type Operator } from '../../test/state-law.ts'
import { debounceByKey } from '../rate/debounce-by-key.ts'
import { rateLimit } from '../rate/rate-limit.ts'
import { sampleByKey } from '../rate/sample-by-key.ts'
import { throttleByKey } from '../rate/throttle-by-key.ts'
import type { Aggregates } from '../window/aggregates.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { session } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'

interface Event {
  readonly key: number
  readonly id: number
}

const key = (event: Event) => event.key

// A copy has written the first key when the events below come, and no other one. It must have the others as they were.
it.each<[string, readonly number[], number, Operator<Event>]>([
  [
    'throttleByKey, which evicts them',
    [0, 1, 0, 1, 2, 3, 4],
    1,
    (o) => throttleByKey({ key, interval: 100, maxKeys: 2, ...o }),
  ],
  ['throttleByKey, which flushes them', [0, 1, 0, 1], 1, (o) => throttleByKey({ key, interval: 500, ...o })],
  [
    'throttleByKey, whose timer emits them',
    [0, 1, 0, 1, 2],
    8,
    (o) => throttleByKey({ key, interval: 10, ...o }),
  ],
  [
    'debounceByKey, which evicts them',
    [0, 1, 2, 3, 4],
    1,
    (o) => debounceByKey({ key, quiet: 100, maxKeys: 2, ...o }),
  ],
  ['debounceByKey, which flushes them', [0, 1, 2], 1, (o) => debounceByKey({ key, quiet: 500, ...o })],
  [
    'sampleByKey, which evicts them',
    [0, 1, 2, 3, 4],
    1,
    (o) => sampleByKey({ key, every: 100, maxKeys: 2, ...o }),
  ],
  [
    'rateLimit, whose timer emits them',
    [0, 1, 0, 1, 0, 1, 2],
    8,
    (o) => rateLimit({ key, tokens: 1, interval: 30, ...o }),
  ],
])('a copy has the keys that are not written yet, with %s', (_, keys, wait, operator) => {
  const steps = keys.map((each, id) => ({ wait, event: { key: each, id } }))
  const change = (event: Event) => event
  checkStateLaw(operator, steps, { pieces: [0], waited: 0, life: Number.POSITIVE_INFINITY, change })
})

interface Timed extends Event {
  readonly time: number
}
type Times = readonly (readonly [key: number, time: number])[]
const timed = {
  key,
  timestamp: (event: Timed) => event.time,
  aggregates: (a: Aggregates<Timed>) => ({ ids: a.collect((event) => event.id) }),
}

// In place of the last event comes one that moves the watermark past what it changes, while the state is copied.
it.each<[string, Times, Operator<Timed>]>([
  [
    'sessions that have fired',
    [
      [0, 100],
      [1, 100],
      [0, 120],
      [1, 120],
      [2, 127],
      [1, 102],
    ],
    (o) => windowAggregate(session(5), { ...timed, allowedLateness: 28, ...o }),
  ],
  [
    'values of sliding windows',
    [
      [0, 120],
      [1, 120],
      [0, 126],
      [1, 126],
      [1, 128],
    ],
    (o) => slidingWindow({ ...timed, size: 10, ...o }),
  ],
])('a copy has the %s, which are removed when no event can need them', (_, times, operator) => {
  const steps = times.map(([own, time], id) => ({ wait: 1, event: { key: own, id, time } }))
  const change = (event: Timed) => ({ ...event, key: 3, time: 135 })
  checkStateLaw(operator, steps, { pieces: [0], waited: 0, life: Number.POSITIVE_INFINITY, change })
})
