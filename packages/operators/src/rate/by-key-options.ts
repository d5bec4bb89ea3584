import { requireNumber } from '@rxsse/shared'
import type { SchedulerLike } from 'rxjs'
import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { type Clock, createClock } from '../stage/clock.ts'
import type { StageOptions } from '../stage/operate.ts'
import { type OnError, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'

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

/** The options, checked and with their defaults. */
export interface ResolvedByKeyOptions<T> {
  readonly identify: (event: T) => Primitive
  readonly maxKeys: number
  readonly onDropped: ((event: T) => void) | undefined
  readonly onError: OnError<T> | undefined
  readonly clock: Clock
}

export function resolveByKeyOptions<T>(operator: string, options: ByKeyOptions<T>): ResolvedByKeyOptions<T> {
  const { key: selectKey, maxKeys = Number.POSITIVE_INFINITY, onError, scheduler } = options
  return {
    identify: (event) => identifyKey(selectKey(event)),
    maxKeys: requireNumber(maxKeys, `${operator}: maxKeys`, 1),
    onDropped: resolveSideOutput(options.onDropped, `${operator}: onDropped`),
    onError,
    clock: createClock(scheduler),
  }
}
