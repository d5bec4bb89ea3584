import { asyncScheduler, type MonoTypeOperatorFunction, type SchedulerLike } from 'rxjs'
import { type Duration, positiveMilliseconds } from '../duration.ts'
import { type Bucket, Gcra } from '../engine/gcra.ts'
import { identityOf, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { Agenda, type Appointed } from '../engine/queues/timer-queue.ts'
import { shapeOf } from '../shape.ts'
import { operateInTurn } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

export interface RateLimitOptions<T> {
  /** How many tokens come back in each interval. An event takes one, or its `cost`. */
  readonly tokens: number
  /** How long `tokens` take to come back. */
  readonly interval: Duration
  /** How many tokens pile up in quiet times, and so how much may pass at once. Default: `tokens`. */
  readonly burst?: number
  /** How many tokens an event takes. More than `burst` can never pass, and is an error. Default: 1. */
  readonly cost?: (event: T) => number
  /** A bucket for each key. Default: one for all. */
  readonly key?: (event: T) => Key
  /** What becomes of an event that comes too soon: `'shape'` holds it until it may pass, `'drop'` drops it, `'fail'` errors the stream. Default: `'shape'`. */
  readonly mode?: 'shape' | 'drop' | 'fail'
  /** How many events `'shape'` holds, of all keys together; one more is dropped. Default: 10,000. */
  readonly maxQueue?: number
  /** Where dropped events go. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `key` or `cost` throws, and a cost that cannot be; the event is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** What `mode: 'fail'` errors the stream with. */
export class RateLimitError extends Error {
  override readonly name = 'RateLimitError'
  readonly key: Key
  /** Milliseconds after which the event would have passed. */
  readonly retryAfter: number

  constructor(key: Key, retryAfter: number) {
    super(
      `rateLimit: an event came ${retryAfter} ms too soon${key === undefined ? '' : ` for key ${String(key)}`}`,
    )
    this.key = key
    this.retryAfter = retryAfter
  }
}

/**
 * Lets at most `tokens` pass in each `interval`, over any stretch of time at most `burst` more: a token bucket (GCRA).
 *
 * ```ts
 * alerts$.pipe(rateLimit({ tokens: 1, interval: '5s', mode: 'drop' })) // one, then at most one every five seconds
 * ```
 *
 * Emits when an event comes and its tokens are there; `'shape'` emits held events as soon as they are, in order by key.
 * Drops what comes too soon (`'drop'`) or finds the queue full (`'shape'`), to `onDropped`.
 * Completes when the source has completed and nothing is held any more: the rate holds to the end.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function rateLimit<T>(options: RateLimitOptions<T>): MonoTypeOperatorFunction<T> {
  const {
    tokens,
    burst = tokens,
    cost: costOf = () => 1,
    key: keyOf = () => undefined,
    mode = 'shape',
    onError,
  } = options
  const { maxQueue = 10_000, scheduler = asyncScheduler } = options
  for (const [name, value] of Object.entries({ tokens, burst })) {
    if (!(Number.isFinite(value) && value > 0))
      throw new RangeError(`rateLimit: ${name} must be a number above 0, not ${shapeOf(value)}`)
  }
  if (!(maxQueue >= 0))
    throw new RangeError(`rateLimit: maxQueue must be 0 or more, not ${shapeOf(maxQueue)}`)
  if (!['shape', 'drop', 'fail'].includes(mode))
    throw new TypeError(`rateLimit: mode must be 'shape', 'drop' or 'fail', not ${shapeOf(mode)}`)
  const interval = positiveMilliseconds('rateLimit: interval', options.interval)
  const onDropped = toSideOutput('rateLimit: onDropped', options.onDropped)

  function costed(event: T): number {
    const cost = costOf(event)
    if (cost >= 0 && cost <= burst) return cost
    throw new RangeError(`rateLimit: cost must be between 0 and burst (${burst}), not ${shapeOf(cost)}`)
  }

  return operateInTurn(({ out, ledger, alarm }) => {
    const gcra = new Gcra({ tokens, interval, burst })
    const lanes = new Map<Primitive, Lane<T>>()
    const agenda = new Agenda<Lane<T>>()
    let sweepAt = 64
    let lanesMade = 0
    let held = 0
    let completing = false
    ledger.keys = () => lanes.size

    const release = alarm(scheduler, (wall) => {
      const now = gcra.elapse(wall)
      for (let lane = agenda.takeDue(now); lane !== undefined && !out.closed; lane = agenda.takeDue(now)) {
        // A lane is on the agenda as long as something waits in it.
        const next = lane.queue.shift() as Waiting<T>
        held--
        gcra.take(lane.bucket, next.cost, now)
        const following = lane.queue[0]
        if (following !== undefined) agenda.appoint(lane, now + gcra.wait(lane.bucket, following.cost, now))
        emit(next.event)
      }
      if (held > 0) release.set(wall + agenda.next() - now)
      else if (completing) out.complete()
    })

    function emit(event: T): void {
      ledger.out++
      out.next(event)
    }

    function laneOf(id: Primitive, now: number): Lane<T> {
      const found = lanes.get(id)
      if (found !== undefined) return found
      // A bucket that is full is as good as none, so keys that have gone quiet need no state and no timer, only a broom
      // now and then: whenever there are twice as many as the last one left.
      if (lanes.size >= sweepAt) {
        for (const [other, lane] of lanes)
          if (lane.queue.length === 0 && gcra.isFull(lane.bucket, now)) lanes.delete(other)
        sweepAt = Math.max(64, lanes.size * 2)
      }
      const lane: Lane<T> = {
        bucket: gcra.bucket(),
        queue: [],
        at: Number.POSITIVE_INFINITY,
        order: lanesMade++,
      }
      lanes.set(id, lane)
      return lane
    }

    function hold(lane: Lane<T>, event: T, cost: number, wall: number, now: number): void {
      if (held >= maxQueue) {
        drop(event)
        return
      }
      held++
      lane.queue.push({ event, cost })
      if (lane.queue.length > 1) return
      agenda.appoint(lane, now + gcra.wait(lane.bucket, cost, now))
      release.set(wall + agenda.next() - now)
    }

    function drop(event: T): void {
      ledger.dropped++
      onDropped?.(event)
    }

    return {
      next(event) {
        let cost: number
        let key: Key
        let id: Primitive
        try {
          cost = costed(event)
          key = keyOf(event)
          id = identityOf(key)
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        const wall = scheduler.now()
        const now = gcra.elapse(wall)
        const lane = laneOf(id, now)
        const wait = lane.queue.length > 0 ? Number.POSITIVE_INFINITY : gcra.wait(lane.bucket, cost, now)
        if (wait === 0) {
          gcra.take(lane.bucket, cost, now)
          emit(event)
        } else if (mode === 'shape') hold(lane, event, cost, wall, now)
        else if (mode === 'drop') drop(event)
        else {
          ledger.dropped++
          out.error(new RateLimitError(key, wait))
        }
      },
      complete() {
        completing = true
        if (held === 0) out.complete()
      },
    }
  })
}

/** One key's bucket, and the events that wait for it. */
interface Lane<T> extends Appointed {
  readonly bucket: Bucket
  readonly queue: Waiting<T>[]
}

interface Waiting<T> {
  readonly event: T
  readonly cost: number
}
