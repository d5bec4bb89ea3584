import { type Duration, optionError, parsePositiveDuration, requireFunction } from '@rxsse/shared'
import type { MonoTypeOperatorFunction, SchedulerLike } from 'rxjs'
import { Gcra, type Limiter } from '../engine/gcra.ts'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { TimerQueue } from '../engine/queues/timer-queue.ts'
import { SlidingLog } from '../engine/sliding-log.ts'
import { createClock } from '../stage/clock.ts'
import { emitEvent, followEvent, settleEvent } from '../stage/follow.ts'
import { operateSerialized, type StageOptions } from '../stage/operate.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { type OnError, rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { type KeyBucket, KeyBuckets, type Waiting } from './key-buckets.ts'

const MODES = ['shape', 'drop', 'fail'] as const

export interface RateLimitOptions<T> extends StageOptions {
  /** How many tokens are added in each interval. An event takes one, or its `cost`. */
  readonly tokens: number
  /** The time in which `tokens` are added. */
  readonly interval: Duration
  /** How many tokens a bucket holds, and so how much may pass at once. Default: `tokens`. */
  readonly burst?: number
  /**
   * Lets events of at most `tokens` pass in any interval. Without it a bucket that is full lets `tokens` more pass in the first
   * one. Takes memory for each event of the last interval, and no `burst`. Default: false.
   */
  readonly strict?: boolean
  /** How many tokens an event takes. More than `burst` can never pass, and goes to `onError`. Default: 1. */
  readonly cost?: (event: T) => number
  /** Each key has a bucket. Default: one bucket for all. */
  readonly key?: (event: T) => Key
  /** Whether an event that comes too soon is held (`'shape'`), dropped (`'drop'`) or an error (`'fail'`). Default: `'shape'`. */
  readonly mode?: (typeof MODES)[number]
  /** How many events `'shape'` holds, of all keys together. One more is dropped. Default: 10,000. */
  readonly maxQueue?: number
  /** Takes dropped events. */
  readonly onDropped?: SideOutput<T>
  /** Takes an error of `key` or `cost`, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** Errors the stream with `mode: 'fail'`. */
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
 * Lets `tokens` pass in each `interval` over time, and at most `burst` more in any period: a token bucket (GCRA). So after a
 * pause nearly twice `tokens` may pass in one interval. With `strict` it is never more than `tokens`.
 *
 * ```ts
 * alerts$.pipe(rateLimit({ tokens: 1, interval: '5s', mode: 'drop' })) // one, then at most one every five seconds
 * ```
 *
 * Emits when an event comes and the bucket has its tokens; `'shape'` emits held events as soon as it has, in order by key.
 * Drops events that come too soon (`'drop'`) or find the queue full (`'shape'`), to `onDropped`.
 * Completes when the source has completed and no event is held: the rate holds to the end.
 * Unsubscribes from the source at once; held events are discarded.
 */
export function rateLimit<T>(options: RateLimitOptions<T>): MonoTypeOperatorFunction<T> {
  const config = resolveOptions(options)
  const { selectCost, selectKey, mode, maxQueue, onDropped, onError, clock } = config

  return operateSerialized('rateLimit', options.stage, ({ out, counts, createTimer }) => {
    counts.tracker?.onStart()
    const limiter: Limiter = config.strict ? new SlidingLog(config) : new Gcra(config)
    const buckets = new KeyBuckets<T>(limiter)
    const queue = new TimerQueue<KeyBucket<T>>()
    // Times start at 0, because they are multiplied by `tokens`.
    const start = clock.now()
    let held = 0
    let isCompleting = false
    counts.keys = () => buckets.size

    const timer = createTimer(clock, (time) => {
      const now = time - start
      for (let due = queue.takeDue(now); due !== undefined && !out.closed; due = queue.takeDue(now)) {
        buckets.willChange(due)
        // A bucket is in the queue while events wait for it.
        const next = due.waiting.shift() as Waiting<T>
        held--
        limiter.take(due.bucket, next.cost, now)
        const following = due.waiting.first
        if (following !== undefined) queue.schedule(due, now + limiter.wait(due.bucket, following.cost, now))
        emitEvent(counts, out, next.event, next.part)
      }
      if (held > 0) timer.set(start + queue.next())
      else if (isCompleting) out.complete()
    })

    function hold(entry: KeyBucket<T>, waiting: Waiting<T>, now: number): void {
      held++
      entry.waiting.push(waiting)
      if (entry.waiting.length > 1) return
      queue.schedule(entry, now + limiter.wait(entry.bucket, waiting.cost, now))
      timer.set(start + queue.next())
    }

    return {
      state: {
        shape: { tokens: config.tokens, interval: config.interval, strict: config.strict },
        usesClock: true,
        *save(writer) {
          writer.number(clock.timeOfDay())
          yield* buckets.save(writer, clock.now() - start)
        },
        restore(reader) {
          // The clock of this process may be behind that of the one before. Then nothing is waited for twice.
          const elapsed = Math.max(0, clock.timeOfDay() - reader.number())
          const now = clock.now() - start
          for (const entry of buckets.load(reader, now - elapsed)) {
            const next = entry.waiting.first
            held += entry.waiting.length
            if (next !== undefined) queue.schedule(entry, now + limiter.wait(entry.bucket, next.cost, now))
          }
          if (held > 0) timer.set(start + queue.next())
        },
      },
      next(event) {
        const part = followEvent(counts, event)
        let cost: number
        let key: Key
        let id: Primitive
        try {
          cost = selectCost(event)
          key = selectKey(event)
          id = identifyKey(key)
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          settleEvent(counts, part)
          return
        }
        const now = clock.now() - start
        const entry = buckets.at(id, now)
        const wait =
          entry.waiting.length > 0 ? Number.POSITIVE_INFINITY : limiter.wait(entry.bucket, cost, now)
        if (wait === 0) {
          limiter.take(entry.bucket, cost, now)
          emitEvent(counts, out, event, part)
        } else if (mode === 'shape' && held < maxQueue) hold(entry, { event, part, cost }, now)
        else {
          counts.dropped++
          // It is not settled then: after the error the event has to come again.
          if (mode === 'fail') throw new RateLimitError(key, wait)
          onDropped?.(event)
          settleEvent(counts, part)
        }
      },
      complete() {
        isCompleting = true
        if (held === 0) out.complete()
      },
    }
  })
}

function resolveOptions<T>(options: RateLimitOptions<T>) {
  const { tokens, burst = tokens, cost = () => 1, key = () => undefined, mode = 'shape', onError } = options
  const { maxQueue = 10_000, scheduler, strict = false } = options
  for (const [name, value] of Object.entries({ tokens, burst })) {
    if (!(Number.isFinite(value) && value > 0))
      throw optionError(`rateLimit: ${name}`, 'a finite number above 0', value)
  }
  if (strict && options.burst !== undefined) {
    throw optionError('rateLimit: burst', 'left out with strict', options.burst)
  }
  if (options.cost === undefined && burst < 1) {
    throw optionError(
      'rateLimit: burst',
      'at least 1, the cost of an event, or no event would ever pass',
      burst,
    )
  }
  requireFunction(cost, 'rateLimit: cost')
  if (!MODES.includes(mode)) throw optionError('rateLimit: mode', "'shape', 'drop' or 'fail'", mode)
  return {
    tokens,
    burst,
    mode,
    strict,
    onError,
    clock: createClock(scheduler),
    selectKey: requireFunction(key, 'rateLimit: key'),
    selectCost(event: T): number {
      const value: unknown = cost(event)
      // Null is at least 0, and text is added as text.
      if (typeof value === 'number' && value >= 0 && value <= burst) return value
      throw optionError('rateLimit: cost', `a number from 0 to burst (${burst})`, value)
    },
    interval: parsePositiveDuration(options.interval, 'rateLimit: interval'),
    maxQueue: requireLimit(maxQueue, 'rateLimit: maxQueue', 0),
    onDropped: resolveSideOutput(options.onDropped, 'rateLimit: onDropped'),
  }
}
