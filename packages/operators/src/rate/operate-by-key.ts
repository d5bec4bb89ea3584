import { requireFunction } from '@rxsse/shared'
import type { MonoTypeOperatorFunction, SchedulerLike } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import type { Part } from '../engine/queues/contiguous-prefix.ts'
import { type Clock, createClock } from '../stage/clock.ts'
import { emitEvent, followEvent, settleEvent } from '../stage/follow.ts'
import { type OperatorContext, operateSerialized, type StageOptions } from '../stage/operate.ts'
import type { StateReader, StateWriter } from '../stage/operator-state.ts'
import { requireLimit } from '../stage/require-limit.ts'
import { type OnError, rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'

/** The options of an operator that holds each key's latest event for a while. */
export interface ByKeyOptions<T> extends StageOptions {
  /** Events with equal keys replace each other. */
  readonly key: (event: T) => Key
  /** How many keys are held. One more emits the key that was held longest. Default: any number. */
  readonly maxKeys?: number
  /** Takes events that a later event of their key has replaced. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `key` throws, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** An event that is held. */
export interface HeldEvent<T> {
  event: T
  /** The event as a `commit` follows it. */
  part: Part<string> | undefined
}

/** Handles the events of one subscription. */
export interface ByKeyHandler<T> {
  next(id: Primitive, event: T, part: Part<string> | undefined): void
  /** Emits what is held. Then the output completes. */
  flush(): void
  /** As those of `OperatorState`. */
  save(writer: StateWriter): Generator<void, void>
  restore(reader: StateReader): void
}

/** What such an operator works with. */
export interface ByKeyContext<T> extends Pick<OperatorContext<T>, 'out' | 'counts' | 'createTimer'> {
  readonly clock: Clock
  readonly maxKeys: number
  /** Counts and emits an event. */
  emit(event: T, part: Part<string> | undefined): void
  /** Counts an event as dropped, and tells `onDropped`. */
  drop(event: T, part: Part<string> | undefined): void
}

/** Creates an operator that is given each event with its key. An event whose key cannot be read is rejected. */
export function operateByKey<T>(
  operator: string,
  options: ByKeyOptions<T>,
  createHandler: (context: ByKeyContext<T>) => ByKeyHandler<T>,
): MonoTypeOperatorFunction<T> {
  const { onError, scheduler } = options
  const selectKey = requireFunction(options.key, `${operator}: key`)
  const clock = createClock(scheduler)
  const maxKeys = requireLimit(options.maxKeys ?? Number.POSITIVE_INFINITY, `${operator}: maxKeys`, 1)
  const onDropped = resolveSideOutput(options.onDropped, `${operator}: onDropped`)

  return operateSerialized<T, T>(operator, options.stage, ({ out, counts, createTimer }) => {
    counts.tracker?.onStart()
    const handler = createHandler({
      out,
      counts,
      createTimer,
      clock,
      maxKeys,
      emit(event, part) {
        emitEvent(counts, out, event, part)
      },
      drop(event, part) {
        counts.dropped++
        onDropped?.(event)
        settleEvent(counts, part)
      },
    })
    return {
      state: {
        shape: {},
        usesClock: true,
        save: (writer) => handler.save(writer),
        restore: (reader) => handler.restore(reader),
      },
      next(event) {
        const part = followEvent(counts, event)
        let id: Primitive
        try {
          id = identifyKey(selectKey(event))
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          settleEvent(counts, part)
          return
        }
        handler.next(id, event, part)
      },
      complete() {
        handler.flush()
        out.complete()
      },
    }
  })
}
