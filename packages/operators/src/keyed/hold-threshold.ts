import { type Duration, parsePositiveDuration, requireFunction } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { HeldLevels } from '../engine/held-levels.ts'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { type EventHandler, type OperatorContext, operateSerialized } from '../stage/operate.ts'
import { rejectEvent } from '../stage/side-output.ts'
import { resolveEventTime } from '../window/event-time.ts'
import { createWatermarkSource } from '../window/watermark-source.ts'
import { resolveKeyedOptions } from './keyed-options.ts'
import { Levels, requireValue } from './levels.ts'
import type { LevelEvent, ThresholdOptions } from './threshold-options.ts'

/** `threshold` with `for`. */
export function holdThreshold<T, L extends string, K extends Key, B extends string>(
  options: ThresholdOptions<T, K, L, B>,
  duration: Duration,
): OperatorFunction<T, LevelEvent<T, L | B>> {
  const config = {
    selectValue: requireFunction(options.value, 'threshold: value'),
    // Without a key function the key is undefined, which is the default of `K`.
    selectKey: requireFunction(options.key ?? (() => undefined as K), 'threshold: key'),
    levels: new Levels<L, B>(options),
    time: resolveEventTime('threshold', options),
    held: {
      ...resolveKeyedOptions('threshold', options).state,
      duration: parsePositiveDuration(duration, 'threshold: for'),
      changesOnly: options.changesOnly ?? false,
    },
  }
  return operateSerialized('threshold', options.stage, (context) => createHandler(context, config))
}

interface Config<T, K extends Key, L extends string, B extends string> {
  readonly selectValue: (event: T) => number
  readonly selectKey: (event: T) => K
  readonly levels: Levels<L, B>
  readonly time: ReturnType<typeof resolveEventTime<T>>
  readonly held: ReturnType<typeof resolveKeyedOptions<K>>['state'] & {
    readonly duration: number
    readonly changesOnly: boolean
  }
}

function createHandler<T, K extends Key, L extends string, B extends string>(
  context: OperatorContext<LevelEvent<T, L | B>>,
  { selectValue, selectKey, levels, time, held }: Config<T, K, L, B>,
): EventHandler<T> {
  const { out, counts } = context
  // Without `changesOnly` an event may be emitted twice, which a commit cannot follow. So it finds the stage missing.
  const tracker = held.changesOnly ? counts.tracker : undefined
  tracker?.onStart()
  const settle = (part: Part<string> | undefined) => part !== undefined && tracker?.onSettled(part)

  const source = createWatermarkSource(context, time, {
    advance: () => keys.advance(),
    next: () => keys.next(),
  })
  const { watermark, readFeed, observe, setTimer } = source
  const keys: HeldLevels<K, T, Part<string>> = new HeldLevels({
    ...held,
    watermark,
    find: (value, from) => levels.find(value, from),
    emit({ event, part }, level, previous, isAgain) {
      const result = { event, level: levels.name(level), previous: levels.name(previous) }
      const send = () => {
        if (!isAgain) counts.out++
        out.next(result)
      }
      if (part !== undefined && tracker !== undefined && !isAgain) tracker.passOn(part, counts, send)
      else send()
    },
    drop({ part }) {
      counts.dropped++
      settle(part)
    },
    // The state of a key is no business of the user's.
    onEvicted: (eviction) => held.onEvicted?.(eviction, undefined),
  })
  counts.keys = () => keys.keys

  return {
    state: {
      shape: {
        ...levels.shape,
        for: held.duration,
        changesOnly: held.changesOnly,
        progress: time.feeds !== undefined,
      },
      usesClock: time.usesClock,
      *save(writer) {
        source.save(writer)
        yield* keys.save(writer)
      },
      restore(reader) {
        source.load(reader)
        keys.load(reader)
        setTimer?.()
      },
    },
    next(event) {
      const part = tracker?.onArrival(event)
      let timestamp: number
      let key: K
      let id: Primitive
      let value: number
      try {
        timestamp = time.timestamp(event)
        key = selectKey(event)
        id = identifyKey(key)
        value = requireValue(selectValue(event))
        readFeed?.(event)
      } catch (error) {
        rejectEvent(counts, time.onError, error, event)
        settle(part)
        return
      }
      if (!Number.isFinite(timestamp)) {
        counts.rejected++
        time.onInvalid?.(event)
        settle(part)
        return
      }
      const isLate = timestamp < watermark.value
      observe(timestamp)
      keys.advance()
      if (isLate || !keys.add(key, id, timestamp, value, { event, part })) {
        counts.late++
        time.late?.(event)
        settle(part)
      }
      setTimer?.()
    },
    complete() {
      keys.discard()
      out.complete()
    },
  }
}
