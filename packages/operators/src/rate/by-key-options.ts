import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { identityOf, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import { shapeOf } from '../shape.ts'
import type { OnError } from '../stage/reject.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

/** What an operator has that holds each key's latest event for a while. */
export interface ByKeyOptions<T> {
  /** What events are told apart by. */
  readonly key: (event: T) => Key
  /** How many keys are held; beyond that the one held longest is emitted ahead of time. Default: any number. */
  readonly maxKeys?: number
  /** Where events go that a later one of their key has replaced. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `key` throws; the event is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
  /** The clock and its timers. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The options, checked and with their defaults. */
export interface ByKey<T> {
  readonly idOf: (event: T) => Primitive
  readonly maxKeys: number
  readonly onDropped: ((event: T) => void) | undefined
  readonly onError: OnError<T> | undefined
  readonly scheduler: SchedulerLike
}

export function byKey<T>(operator: string, options: ByKeyOptions<T>): ByKey<T> {
  const { key, maxKeys = Number.POSITIVE_INFINITY, onError, scheduler = asyncScheduler } = options
  if (!(maxKeys >= 1))
    throw new RangeError(`${operator}: maxKeys must be at least 1, not ${shapeOf(maxKeys)}`)
  return {
    idOf: (event) => identityOf(key(event)),
    maxKeys,
    onDropped: toSideOutput(`${operator}: onDropped`, options.onDropped),
    onError,
    scheduler,
  }
}
