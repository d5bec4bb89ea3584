import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import type { Slot } from '../aggregates/cells.ts'
import type { StateOrigin } from '../keyed-state/keyed-state.ts'
import { loadByNumber, SortedDeque, saveByNumber } from '../queues/sorted-deque.ts'
import type { Scheduled } from '../queues/timer-queue.ts'
import type { KeySlices } from './key-slices.ts'

/** The windows of a key. */
export interface KeyWindows<K, R> extends Scheduled {
  readonly key: K
  readonly part: number
  readonly slices: KeySlices<R>
  /**
   * The slice of the last event, if all its windows were open then. Until a window of the key fires, the next event of this
   * slice only has to be added to the accumulator. NaN: there is no such slice.
   */
  recentSlice: number
  recentSlot: Slot
  /** The next window to fire. Infinity: none is open. */
  nextWindow: number
  /** How many results each window has had. Undefined if each has at most one. */
  revisions: SortedDeque<number> | undefined
  /** How many windows in a row were empty, up to the last one, and the value of that one. Only with `fill`. */
  emptyWindows: number
  previous: R | undefined
  /** Slices that have changed since the last early results. Undefined without early results. */
  readonly changed: Set<number> | undefined
}

export function createKeyWindows<K, R>(
  key: K,
  { order, evictions }: StateOrigin,
  parts: Pick<KeyWindows<K, R>, 'slices' | 'revisions' | 'changed'>,
): KeyWindows<K, R> {
  return {
    key,
    order,
    part: evictions,
    at: Number.POSITIVE_INFINITY,
    recentSlice: Number.NaN,
    recentSlot: 0,
    nextWindow: Number.POSITIVE_INFINITY,
    emptyWindows: 0,
    previous: undefined,
    ...parts,
  }
}

export function deleteRevisionsThrough({ revisions }: KeyWindows<unknown, unknown>, window: number): void {
  while (revisions !== undefined && revisions.numberAt(0) <= window) revisions.shift()
}

export function deleteChangesBefore({ changed }: KeyWindows<unknown, unknown>, next: number): void {
  for (const slice of changed ?? []) {
    // The set is nearly in this order. A slice that stays here has no open window, and a later call deletes it.
    if (slice >= next) break
    changed?.delete(slice)
  }
}

/** Whether no window after this one has fired. Later windows may have had early results. */
export function isNewestFired(
  { revisions, nextWindow }: KeyWindows<unknown, unknown>,
  window: number,
): boolean {
  return !(revisions !== undefined && revisions.numberAt(revisions.lowerBound(window + 1)) < nextWindow)
}

/** A late event has given the newest window that has fired a value. With `fill` the windows after it go on from there. */
export function goOnAfter<R>(state: KeyWindows<unknown, R>, value: R, following: number): void {
  state.nextWindow = following
  state.emptyWindows = 0
  state.previous = value
}

export function writeKeyWindows<K, R>(state: KeyWindows<K, R>, writer: StateWriter): void {
  const { order, part, nextWindow, slices, revisions, emptyWindows, previous, changed } = state
  for (const number of [order, part, nextWindow, emptyWindows]) writer.number(number)
  writer.value(previous)
  slices.save(writer)
  saveByNumber(revisions, writer, (results) => writer.number(results))
  writer.number(changed?.size ?? 0)
  for (const slice of changed ?? []) writer.number(slice)
}

/** `state` is a new one of the key. */
export function readKeyWindows<K, R>(state: KeyWindows<K, R>, reader: StateReader): KeyWindows<K, R> {
  const read = {
    ...state,
    order: reader.number(),
    part: reader.number(),
    nextWindow: reader.number(),
    emptyWindows: reader.number(),
    previous: reader.value<R | undefined>(),
  }
  read.slices.load(reader)
  loadByNumber(reader, (window) => {
    read.revisions ??= new SortedDeque()
    read.revisions.set(window, reader.number())
  })
  for (let left = reader.number(); left > 0; left--) read.changed?.add(reader.number())
  return read
}
