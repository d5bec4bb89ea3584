import { type Duration, optionError, parseDuration, requireFunction } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import type { AggregateResults, AggregateShape } from '../engine/aggregates/aggregate.ts'
import { AggregateRow } from '../engine/aggregates/aggregate-row.ts'
import { identifyKey, type Key, type Primitive, writeKey } from '../engine/keyed-state/key.ts'
import type { Eviction } from '../engine/keyed-state/keyed-state.ts'
import type { Fill, WindowEngine, WindowEngineOptions, WindowResult } from '../engine/window-engine.ts'
import type { Counts } from '../stage/counts.ts'
import { emitResult } from '../stage/follow.ts'
import { type EventHandler, type OperatorContext, operateSerialized } from '../stage/operate.ts'
import type { OperatorState } from '../stage/operator-state.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import type { Timer } from '../stage/timer.ts'
import { type Aggregates, getAggregates } from './aggregates.ts'
import { type EventTimeOptions, resolveEventTime } from './event-time.ts'
import { Finality } from './finality.ts'
import { createWatermarkSource, type WatermarkSource } from './watermark-source.ts'

/** The options of operators that aggregate windows of event time. */
export interface TimeWindowOptions<T, K extends Key, S extends AggregateShape<T>>
  extends EventTimeOptions<T> {
  /** The values of each window, by name: `(a) => ({ n: a.count(), mean: a.avg((e) => e.price) })`. */
  readonly aggregates: (a: Aggregates<T>) => S
  /** Each key has results of its own. Default: one result for each window, with the key undefined. */
  readonly key?: (event: T) => K
  /** How long a window takes events after its end, each with a new result. Default: 0. */
  readonly allowedLateness?: Duration
  /** How many keys may have open windows. One more flushes the least recently used key. Default: any number. */
  readonly maxKeys?: number
  /** Takes each key that `maxKeys` has evicted, after its results. */
  readonly onEvicted?: SideOutput<Eviction<K>>
}

/** What an operator adds to its {@link TimeWindowOptions}. */
export interface WindowKind<T, K extends Key, R> {
  readonly createEngine: (options: WindowEngineOptions<K, R>) => WindowEngine<K>
  /** What the numbers of a saved window mean. */
  readonly shape: Readonly<Record<string, unknown>>
  /** Milliseconds between early results. Undefined: there are none. */
  readonly early?: number | undefined
  readonly fill?: Fill<K, R> | undefined
  /** Takes events that are in no window. */
  readonly onDropped?: ((event: T) => void) | undefined
}

/** Creates an operator that aggregates windows of event time. */
export function operateWindows<T, K extends Key, S extends AggregateShape<T>>(
  operator: string,
  options: TimeWindowOptions<T, K, S>,
  kind: WindowKind<T, K, AggregateResults<S>>,
): OperatorFunction<T, WindowResult<K, AggregateResults<S>>> {
  const config = resolveOptions(operator, options, kind)
  return operateSerialized(operator, options.stage, (context) => createHandler(context, config))
}

/** The aggregates that the option creates, checked. */
export function resolveShape<T, S extends AggregateShape<T>>(
  operator: string,
  aggregates: (a: Aggregates<T>) => S,
): S {
  const shape = requireFunction(aggregates, `${operator}: aggregates`)(getAggregates<T>())
  if (typeof shape !== 'object' || shape === null || Object.keys(shape).length === 0) {
    throw optionError(`${operator}: the result of aggregates`, 'an object with an aggregate', shape)
  }
  for (const [name, aggregate] of Object.entries(shape)) {
    if (typeof aggregate?.merge !== 'function') {
      throw optionError(`${operator}: aggregates.${name}`, 'an aggregate such as a.count()', aggregate)
    }
  }
  return shape
}

function createHandler<T, K extends Key, S extends AggregateShape<T>>(
  context: OperatorContext<WindowResult<K, AggregateResults<S>>>,
  config: Config<T, K, S>,
): EventHandler<T> {
  const { out, counts, createTimer } = context
  const finality = counts.tracker === undefined ? undefined : new Finality(counts.tracker)
  const { time, selectKey, early } = config
  const row = new AggregateRow<T, AggregateResults<S>>(config.shape, { atomic: time.onError !== undefined })
  const source = createWatermarkSource(context, time, {
    advance() {
      windows.advance()
      finality?.settle(windows)
    },
    next: () => windows.next(),
  })
  const { watermark, readFeed, observe, setTimer } = source
  const windows: WindowEngine<K> = config.createEngine({
    row,
    watermark,
    allowedLateness: config.allowedLateness,
    maxKeys: config.maxKeys,
    early: early !== undefined,
    fill: config.fill,
    emit: createEmit(context, finality),
    isOver: () => out.closed,
    onFinal: (events) => {
      counts.out += events
    },
    onEvicted: (eviction) => {
      // Its last results may have been the last that somebody took.
      if (!out.closed) config.onEvicted?.(eviction)
    },
  })
  counts.keys = () => windows.keys

  const drop = createDrop(counts, config)
  const earlyTimer = createTimer(time.clock, () => windows.early())

  function setEarlyTimer(interval: number): void {
    if (!earlyTimer.isSet) earlyTimer.set(time.clock.now() + interval)
  }

  // Functions of their own: V8 inlines only so much into `next`, and most events need none of them.
  function reject(error: unknown, event: T): void {
    rejectEvent(counts, time.onError, error, event)
    finality?.settleNewest()
  }

  /** `held`: the timestamp of an event that is in a window. */
  function settle(events: Finality, held: number | undefined): void {
    if (held === undefined) events.settleNewest()
    else events.hold(windows.finalFrom(held))
    events.settle(windows)
  }

  return {
    state: createState({ source, windows, row, earlyTimer, config }),
    next(event) {
      finality?.onArrival(event)
      let timestamp: number
      let key: K
      let id: Primitive
      try {
        timestamp = time.timestamp(event)
        key = selectKey(event)
        id = identifyKey(key)
        readFeed?.(event)
        row.read(event, timestamp)
      } catch (error) {
        reject(error, event)
        return
      }
      if (!Number.isFinite(timestamp)) {
        drop(event, 'invalid')
        finality?.settleNewest()
        return
      }
      const outcome = windows.add(key, id, timestamp)
      if (outcome !== 'held') drop(event, outcome)
      else if (early !== undefined) setEarlyTimer(early)
      observe(timestamp)
      windows.advance()
      if (finality !== undefined) settle(finality, outcome === 'held' ? timestamp : undefined)
      if (setTimer !== undefined) setTimer()
    },
    complete() {
      // A job may go on from here, if its source has more events later.
      windows.flush(counts.identify !== undefined)
      // No event will come, so every event is final, unless a result has ended the stream before the others.
      if (!out.closed) finality?.settleAll()
      out.complete()
    },
  }
}

/** The windows as a job saves them. */
function createState<T, K extends Key, S extends AggregateShape<T>>({
  source,
  windows,
  row,
  earlyTimer,
  config: { time, stateShape, early },
}: {
  readonly source: WatermarkSource<T>
  readonly windows: WindowEngine<K>
  readonly row: AggregateRow<T, AggregateResults<S>>
  readonly earlyTimer: Timer
  readonly config: Config<T, K, S>
}): OperatorState {
  return {
    shape: { ...stateShape, aggregates: row.kinds },
    usesClock: time.usesClock || early !== undefined,
    sample: (writer) => row.sample(writer),
    *save(writer) {
      source.save(writer)
      earlyTimer.save(writer)
      yield* windows.save(writer)
    },
    restore(reader) {
      source.load(reader)
      earlyTimer.load(reader, early ?? 0)
      windows.load(reader)
      source.setTimer?.()
    },
  }
}

/** The function that emits a result. The result has the same identity each time it is made. */
export function createEmit<K extends Key, R>(
  { out, counts }: OperatorContext<WindowResult<K, R>>,
  finality?: Finality,
): (result: WindowResult<K, R>) => void {
  const { identify } = counts
  if (identify !== undefined) {
    return (result) => {
      const identity = () => {
        const { key, window, part = 0, revision } = result
        return `${writeKey(key)}|${window.start}|${window.end}|${part}|${revision}`
      }
      identify(identity, () => out.next(result))
    }
  }
  if (counts.tracker === undefined) return (result) => out.next(result)
  return (result) => {
    if (finality !== undefined) finality.hasFired ||= result.pane !== 'early'
    emitResult(counts, out, result)
  }
}

/** Creates the function that counts an event without a window, and passes it to its side output. */
function createDrop<T>(
  counts: Counts,
  { time, onDropped }: Pick<Config<T, Key, AggregateShape<T>>, 'time' | 'onDropped'>,
) {
  return (event: T, reason: 'invalid' | 'late' | 'outside') => {
    if (reason === 'invalid') {
      counts.rejected++
      time.onInvalid?.(event)
    } else if (reason === 'late') {
      counts.late++
      time.late?.(event)
    } else {
      counts.dropped++
      onDropped?.(event)
    }
  }
}

type Config<T, K extends Key, S extends AggregateShape<T>> = ReturnType<typeof resolveOptions<T, K, S>>

function resolveOptions<T, K extends Key, S extends AggregateShape<T>>(
  operator: string,
  options: TimeWindowOptions<T, K, S>,
  kind: WindowKind<T, K, AggregateResults<S>>,
) {
  const { maxKeys = Number.POSITIVE_INFINITY } = options
  const allowedLateness = parseDuration(options.allowedLateness ?? 0, `${operator}: allowedLateness`)
  return {
    ...kind,
    stateShape: {
      ...kind.shape,
      allowedLateness,
      early: kind.early !== undefined,
      fill: kind.fill !== undefined,
      progress: options.progress !== undefined,
    },
    time: resolveEventTime(operator, options),
    // Without a key function the key is undefined, which is the default of `K`.
    selectKey: requireFunction(options.key ?? (() => undefined as K), `${operator}: key`),
    shape: resolveShape(operator, options.aggregates),
    maxKeys: requireLimit(maxKeys, `${operator}: maxKeys`, 1),
    allowedLateness,
    onEvicted: resolveSideOutput(options.onEvicted, `${operator}: onEvicted`),
  }
}
