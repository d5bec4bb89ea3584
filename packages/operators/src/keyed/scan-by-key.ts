import { type Duration, optionError, parsePositiveDuration, requireFunction } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { KeyedScan, type ScanEntry } from '../engine/keyed-state/keyed-scan.ts'
import type { Eviction } from '../engine/keyed-state/keyed-state.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { HeldParts } from '../engine/queues/held-parts.ts'
import { emitEvent, emitResult, followEvent, settleEvent } from '../stage/follow.ts'
import { type EventHandler, type OperatorContext, operateSerialized } from '../stage/operate.ts'
import type { OperatorState, StateWriter } from '../stage/operator-state.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { resolveEventTime, type TimestampOptions } from '../window/event-time.ts'
import { createWatermarkSource, type WatermarkSource } from '../window/watermark-source.ts'
import { type KeyContext, type KeyMoment, Transition } from './key-context.ts'

/** A key that was evicted, with its state. Its timer does not fire. */
export interface StateEviction<K, S> extends Eviction<K> {
  readonly state: S
}

export interface ScanByKeyOptions<T, S, K extends Key, R> extends TimestampOptions<T> {
  /** Each key has a state of its own. Default: one key for the whole stream. */
  readonly key?: (event: T) => K
  /** Creates the first state of a key. In a job, states must be data that `structuredClone` copies. */
  readonly seed: (key: K) => S
  /**
   * Called when a key's timer is due. Returns the key's next state, and may set the timer again. If it throws, the stream errors.
   * Default: there are no timers.
   */
  readonly onTimer?: (state: S, context: KeyContext<K>) => S
  /** What is emitted for a state. Undefined emits nothing. Default: the state. */
  readonly project?: (state: S, moment: KeyMoment<K>) => R | undefined
  /** How long a key's state is kept after its last use, in event time if there is a `timestamp`. Default: for good. */
  readonly ttl?: Duration
  /** How many keys have state. The least recently used one is evicted first. Default: any number. */
  readonly maxKeys?: number
  /** Takes each key that `ttl` or `maxKeys` has evicted, with its state. */
  readonly onEvicted?: SideOutput<StateEviction<K, S>>
}

/**
 * Folds the events of each key into a state: RxJS's `scan` by key, with timers. `fn` and `onTimer` return the key's next
 * state, and may set one timer for the key.
 *
 * ```ts
 * // Alerts once if a sensor has sent nothing for five minutes.
 * readings$.pipe(
 *   scanByKey(
 *     {
 *       key: (reading) => reading.sensor,
 *       timestamp: (reading) => reading.time,
 *       seed: () => 'live',
 *       onTimer: () => 'silent',
 *       project: (state, { key, time }) => (state === 'silent' ? { sensor: key, since: time - 300_000 } : undefined),
 *     },
 *     (_, reading, { setTimer }) => {
 *       setTimer(reading.time + 300_000)
 *       return 'live'
 *     },
 *   ),
 * )
 * ```
 *
 * A timer is due when the watermark reaches it; without a `timestamp`, at that time by the clock. Timers that an event makes due
 * fire before the event is handled. Events are handled in the order of arrival: put `reorder` above if they must be in the order
 * of time. If `fn` or `project` throws for an event, the key keeps the state and the timer that it had, and a new key none.
 *
 * Timers by key are those of Apache Flink's `KeyedProcessFunction` and Apache Beam's `@OnTimer`.
 *
 * Emits when an event is handled and when a timer has fired: the state, or what `project` makes of it.
 * Drops nothing. Unusable events go to `onInvalid` and `onError`.
 * Completes when the source completes. Each timer that is set fires before, in the order of time, and cannot be set again.
 * Unsubscribes from the source at once; the state is discarded.
 */
export function scanByKey<T, S, const K extends Key = undefined, R = S>(
  options: ScanByKeyOptions<T, S, K, R>,
  fn: (state: S, event: T, context: KeyContext<K>) => S,
): OperatorFunction<T, R> {
  const config = resolveOptions(options, fn)
  return operateSerialized<T, R>('scanByKey', options.stage, (context) => new ScanHandler(config, context))
}

type Config<T, S, K extends Key, R> = ReturnType<typeof resolveOptions<T, S, K, R>>

function resolveOptions<T, S, K extends Key, R>(
  options: ScanByKeyOptions<T, S, K, R>,
  fn: (state: S, event: T, context: KeyContext<K>) => S,
) {
  const { seed, onTimer, project, ttl, maxKeys } = options
  requireFunction(fn, 'scanByKey: fn')
  if (typeof seed !== 'function') throw optionError('scanByKey: seed', 'a function, such as () => 0', seed)
  for (const [name, value] of Object.entries({ onTimer, project })) {
    if (value !== undefined && typeof value !== 'function')
      throw optionError(`scanByKey: ${name}`, 'a function', value)
  }
  return {
    fn,
    seed,
    onTimer,
    project,
    // Without a key function the key is undefined, which is the default of `K`.
    selectKey: requireFunction(options.key ?? (() => undefined as K), 'scanByKey: key'),
    time: resolveEventTime('scanByKey', options),
    /** Whether anything depends on event time. Otherwise no clock is read. */
    isTimed: options.timestamp !== undefined || onTimer !== undefined || ttl !== undefined,
    hasProgress: options.progress !== undefined,
    onEvicted: resolveSideOutput(options.onEvicted, 'scanByKey: onEvicted'),
    bounds: {
      ...(ttl !== undefined && { ttl: parsePositiveDuration(ttl, 'scanByKey: ttl') }),
      ...(maxKeys !== undefined && { maxKeys: requireLimit(maxKeys, 'scanByKey: maxKeys', 1) }),
    },
  }
}

class ScanHandler<T, S, K extends Key, R> implements EventHandler<T> {
  readonly #config: Config<T, S, K, R>
  readonly #context: OperatorContext<R>
  readonly #scan: KeyedScan<K, S>
  readonly #source: WatermarkSource<T> | undefined
  readonly #transition: Transition<K>
  /** Takes the first state, because a job wants to know soon whether states can be saved. */
  #sample: StateWriter | undefined
  /**
   * If a `commit` follows: the first event of each key with a timer. What it causes is not over. Later events of the key are over
   * at the same time, and nothing is saved past the first one until then.
   */
  readonly #open = new Map<Primitive, HeldParts<string>>()

  constructor(config: Config<T, S, K, R>, context: OperatorContext<R>) {
    this.#config = config
    this.#context = context
    context.counts.tracker?.onStart()
    this.#transition = new Transition(config.time.clock, config.onTimer !== undefined)
    this.#scan = new KeyedScan<K, S>({
      seed: config.seed,
      ...config.bounds,
      onEvicted: ({ key, reason }, { state, id }) => {
        this.#settleKey(id)
        try {
          config.onEvicted?.({ key, reason, state })
        } catch (error) {
          // It is no error of the event that has come now.
          context.out.error(error)
        }
      },
    })
    context.counts.keys = () => this.#scan.size
    if (!config.isTimed) return
    this.#source = createWatermarkSource(context, config.time, {
      advance: () => this.#fireDue(),
      next: () => this.#scan.nextTimer(),
    })
  }

  get state(): OperatorState {
    const { isTimed, time, hasProgress, onTimer } = this.#config
    const transition = this.#transition
    return {
      shape: { 'timestamp, ttl or onTimer': isTimed, progress: hasProgress, onTimer: onTimer !== undefined },
      get usesClock() {
        return (isTimed && time.usesClock) || transition.hasReadClock
      },
      sample: (writer) => {
        this.#sample = writer
      },
      save: (writer) => this.#save(writer),
      restore: (reader) => {
        this.#source?.load(reader)
        this.#scan.load(reader)
        this.#source?.setTimer?.()
      },
    }
  }

  *#save(writer: StateWriter): Generator<void, void> {
    this.#source?.save(writer)
    yield* this.#scan.save(writer)
  }

  next(event: T): void {
    const { counts } = this.#context
    const { time, selectKey, isTimed } = this.#config
    const part = followEvent(counts, event)
    let timestamp: number | undefined
    let key: K
    let id: Primitive
    try {
      key = selectKey(event)
      id = identifyKey(key)
      this.#source?.readFeed?.(event)
      if (isTimed) timestamp = time.timestamp(event)
    } catch (error) {
      rejectEvent(counts, time.onError, error, event)
      settleEvent(counts, part)
      return
    }
    if (timestamp !== undefined) {
      if (!Number.isFinite(timestamp)) {
        counts.rejected++
        time.onInvalid?.(event)
        settleEvent(counts, part)
        return
      }
      this.#source?.observe(timestamp)
      this.#fireDue()
    }
    if (this.#context.out.closed) return
    this.#handle(event, key, id, timestamp, part)
    if (this.#source === undefined) return
    this.#fireDue()
    this.#source.setTimer?.()
  }

  complete(): void {
    this.#transition.isCompleting = true
    this.#fireDue(Number.POSITIVE_INFINITY)
    this.#context.out.complete()
  }

  #handle(
    event: T,
    key: K,
    id: Primitive,
    timestamp: number | undefined,
    part: Part<string> | undefined,
  ): void {
    const { counts, out } = this.#context
    const transition = this.#transition
    let entry: ScanEntry<K, S> | undefined
    let state: S
    let result: R | undefined
    try {
      entry = this.#scan.at(key, id)
      transition.begin(key, timestamp, entry.timer, 'event')
      state = this.#config.fn(entry.state, event, transition)
      result = this.#project(state)
    } catch (error) {
      transition.end()
      // The key is new, and keeps no state.
      if (entry?.isSeed) this.#scan.forget(entry)
      rejectEvent(counts, this.#config.time.onError, error, event)
      settleEvent(counts, part)
      return
    }
    this.#apply(entry, state)
    this.#sample?.value(state)
    this.#sample = undefined
    if (this.#isSilent(result)) counts.out++
    else if (this.#config.onTimer === undefined) {
      emitEvent(counts, out, result as R, part)
      return
    } else {
      counts.out++
      emitResult(counts, out, result as R)
    }
    if (part === undefined) return
    const isOver = entry.timer === Number.POSITIVE_INFINITY
    const open = this.#open.get(id)
    if (isOver) {
      settleEvent(counts, part)
      this.#settleKey(id)
    } else if (open === undefined) this.#open.set(id, new HeldParts(part))
    else settleEvent(counts, open.add(part))
  }

  /** Fires the timers that are due by the watermark. */
  #fireDue(watermark = this.#source?.watermark.value ?? Number.NEGATIVE_INFINITY): void {
    const { onTimer } = this.#config
    const { out } = this.#context
    if (onTimer === undefined) {
      if (watermark !== Number.NEGATIVE_INFINITY) this.#scan.takeDue(watermark)
      return
    }
    const transition = this.#transition
    for (;;) {
      const entry = out.closed ? undefined : this.#scan.takeDue(watermark)
      if (entry === undefined) return
      transition.begin(entry.key, this.#scan.dueAt, Number.POSITIVE_INFINITY, 'timer')
      const state = onTimer(entry.state, transition)
      const result = this.#project(state)
      this.#apply(entry, state)
      if (!this.#isSilent(result)) emitResult(this.#context.counts, out, result as R)
      if (entry.timer === Number.POSITIVE_INFINITY) this.#settleKey(entry.id)
    }
  }

  #project(state: S): R | undefined {
    const { project } = this.#config
    // Without a project function `R` is the state's type.
    return project === undefined ? (state as unknown as R) : project(state, this.#transition)
  }

  #apply(entry: ScanEntry<K, S>, state: S): void {
    const { timer, isForgotten } = this.#transition
    this.#transition.end()
    this.#scan.setState(entry, state)
    if (isForgotten) this.#scan.forget(entry)
    else this.#scan.setTimer(entry, timer ?? Number.POSITIVE_INFINITY)
  }

  /** Whether the result is not emitted. A state is emitted, also if it is undefined. */
  #isSilent(result: R | undefined): boolean {
    return result === undefined && this.#config.project !== undefined
  }

  #settleKey(id: Primitive): void {
    const parts = this.#open.get(id) ?? []
    this.#open.delete(id)
    for (const part of parts) settleEvent(this.#context.counts, part)
  }
}
