import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { AggregateRow } from '../aggregates/aggregate-row.ts'
import type { Slot } from '../aggregates/cells.ts'
import type { StateOrigin } from '../keyed-state/keyed-state.ts'
import type { Scheduled } from '../queues/timer-queue.ts'
import type { TimeWindow } from '../window-engine.ts'

/** The sessions of a key. */
export interface KeySessions<K> extends Scheduled {
  readonly key: K
  readonly part: number
  /** In the order of time, without overlaps. */
  readonly sessions: Session[]
}

export interface Span {
  /** The timestamps of the first and last events. */
  first: number
  last: number
}

export interface Session extends Span {
  readonly fold: Slot
  /** Events that only early results have included. */
  pending: number
  fired: boolean
  changed: boolean
  revision: number
  /** The windows of the results that this session has had and that no later one has replaced. */
  standing: readonly TimeWindow[]
}

export function createKeySessions<K>(key: K, { order, evictions }: StateOrigin): KeySessions<K> {
  return { key, part: evictions, order, at: Number.POSITIVE_INFINITY, sessions: [] }
}

type Row = Pick<AggregateRow<never, unknown>, 'save' | 'load'>

export function writeSessions<K>(
  { order, part, sessions }: KeySessions<K>,
  row: Row,
  writer: StateWriter,
): void {
  for (const number of [order, part, sessions.length]) writer.number(number)
  for (const { fold, first, last, pending, fired, changed, revision, standing } of sessions) {
    row.save(fold, writer)
    for (const number of [first, last, pending, revision]) writer.number(number)
    writer.value(fired)
    writer.value(changed)
    writer.value(standing)
  }
}

/** `state` is a new one of the key. */
export function readSessions<K>(state: KeySessions<K>, row: Row, reader: StateReader): KeySessions<K> {
  const read = { ...state, order: reader.number(), part: reader.number() }
  for (let left = reader.number(); left > 0; left--) {
    const fold = row.load(reader)
    const [first, last, pending, revision] = [
      reader.number(),
      reader.number(),
      reader.number(),
      reader.number(),
    ]
    const [fired, changed] = [reader.value<boolean>(), reader.value<boolean>()]
    read.sessions.push({ first, last, fold, pending, fired, changed, revision, standing: reader.value() })
  }
  return read
}
