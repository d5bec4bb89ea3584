import { optionError, requireInteger } from '@rxsse/shared'
import type { Connection } from '../connection/connection.ts'
import type { CheckedLog } from '../log/checked-log.ts'
import type { LogEntry, LoggedMessage, LogPage, LogPosition } from '../log/event-log.ts'
import { findSafely, LatestIndex } from './latest-index.ts'
import { PAGE_ENTRIES, type ReplayHost, startReplay } from './replay.ts'
import { sendLatest } from './send-latest.ts'

/**
 * What a client without a last event ID gets from the log before live events. Nothing is lost or
 * repeated between the two. Only messages that this client may see count.
 *
 * - `'live'`: nothing.
 * - `'earliest'`: everything that the log keeps.
 * - `{last: n}`: the last `n` messages.
 * - `{latestByKey}`: the latest message of each key that the log keeps. The data of the message is
 *   text. A message whose key is undefined is left out. The log is read once, for the first newcomer.
 *   After that, its latest messages are kept in memory, at most `maxBytes` of them (default 16 MiB).
 *   If they are more, each newcomer reads the whole log.
 */
export type Newcomers =
  | 'live'
  | 'earliest'
  | { readonly last: number }
  | {
      readonly latestByKey: (message: LoggedMessage) => string | undefined
      readonly maxBytes?: number
    }

/** As an option, or as the last event ID of a client. */
export const EARLIEST = 'earliest'

/** Undefined if newcomers get nothing from the log. Throws a TypeError if the option is wrong. */
export function resolveNewcomers(
  newcomers: Newcomers = 'live',
  log: CheckedLog | undefined,
): Exclude<Newcomers, 'live'> | undefined {
  if (newcomers === 'live') return undefined
  const { last, latestByKey, maxBytes }: { [option: string]: unknown } = Object(newcomers)
  if (newcomers !== EARLIEST && typeof latestByKey !== 'function' && typeof last !== 'number') {
    throw optionError('newcomers', "'live', 'earliest', {last: n} or {latestByKey: function}", newcomers)
  }
  if (typeof last === 'number') requireInteger(last, 'newcomers.last', 1)
  if (maxBytes !== undefined) requireInteger(maxBytes as number, 'newcomers.maxBytes', 0)
  if (log === undefined)
    throw new TypeError("newcomers must be 'live' without a log: there is nothing else to send")
  return newcomers
}

/** Sends newcomers what they get from the log, and joins them to their groups. */
export class NewcomerStarter {
  readonly #host: ReplayHost
  readonly #index: LatestIndex | undefined

  constructor(newcomers: Exclude<Newcomers, 'live'> | undefined, host: ReplayHost) {
    this.#host = host
    if (typeof newcomers !== 'object' || !('latestByKey' in newcomers)) return
    const { latestByKey, maxBytes = MAX_BYTES } = newcomers
    this.#index = new LatestIndex(latestByKey, maxBytes, host)
  }

  start(connection: Connection, newcomers: Exclude<Newcomers, 'live'>): void {
    const scan = new Scan(connection, this.#host)
    if (newcomers === EARLIEST) scan.begin(0)
    else if ('last' in newcomers) scan.findLast(newcomers.last)
    else if (this.#index !== undefined) {
      const { latestByKey } = newcomers
      const readLog = () => new Scan(connection, this.#host).findLatest(latestByKey)
      sendLatest(connection, this.#index, this.#host, readLog)
    }
  }
}

/** Bytes of messages to keep for newcomers. */
const MAX_BYTES = 16_777_216

/** Reads parts of the log for one client, in the turns of its queue. */
class Scan {
  readonly #connection: Connection
  readonly #host: ReplayHost
  #cancelStep = () => {}
  #endSharing: () => void

  constructor(connection: Connection, host: ReplayHost) {
    this.#connection = connection
    this.#host = host
    this.#endSharing = host.pages.begin()
    connection.onClosed(() => this.#stop())
  }

  begin(after: number, wants?: (entry: LogEntry) => boolean): void {
    const start = { after, isNewcomer: true, hasNothing: true, ...(wants && { wants }) }
    startReplay(this.#connection, start, this.#host)
    this.#stop()
  }

  /** Looks at ever larger parts of the log, from its end. */
  findLast(count: number): void {
    const look = (head: number, upTo: number, found: readonly number[]): void => {
      // Each part is four times as large as all before it.
      const after = Math.max(0, upTo - Math.max(count, 256, 3 * (head - upTo)))
      let offsets: number[] = []
      const note = ({ offset }: LogEntry) => {
        offsets.push(offset)
        if (offsets.length >= 2 * count) offsets = offsets.slice(-count)
      }
      this.#read(after, upTo, note, (hasBefore) => {
        const all = [...offsets, ...found].slice(-count)
        if (all.length < count && hasBefore && after > 0) look(head, after, all)
        else this.begin(Number(all[0] ?? head + 1) - 1)
      })
    }
    this.#readHead((head) => look(head, head, []))
  }

  findLatest(findKey: (message: LoggedMessage) => string | undefined): void {
    this.#readHead((head) => {
      const latest = new Map<string, number>()
      const note = ({ message, offset }: LogEntry) => {
        const key = findSafely(findKey, message, this.#host.onError)
        if (key !== undefined) latest.set(key, offset)
      }
      this.#read(0, head, note, () => {
        const kept = new Set(latest.values())
        // What comes before the oldest of them is not read again.
        let first = head + 1
        for (const offset of kept) first = Math.min(first, offset)
        this.begin(first - 1, ({ offset }) => offset > head || kept.has(offset))
      })
    })
  }

  #readHead(then: (offset: number) => void): void {
    this.#cancelStep = this.#host.queue.add<LogPosition>({
      read: () => this.#host.log.head(),
      use: ({ offset }) => then(offset),
      fail: (error) => this.#fail(error),
    })
  }

  /** Calls `note` with what the client may see of `after < offset <= upTo`. */
  #read(
    after: number,
    upTo: number,
    note: (entry: LogEntry) => void,
    then: (hasBefore: boolean) => void,
  ): void {
    const { queue, pages, pageBytes, sequencer } = this.#host
    const { group } = this.#connection
    let hasBefore = true
    const readPage = (from: number): void => {
      if (!this.#connection.isOpen) return
      this.#cancelStep = queue.add<LogPage>({
        read: () => pages.read(from, { limit: PAGE_ENTRIES, maxBytes: pageBytes }),
        use: ({ entries, end, more, gap }) => {
          if (gap !== undefined) hasBefore = false
          for (const entry of entries) {
            const { message, target, offset } = entry
            if (offset > upTo) break
            if (sequencer.passes(message) && group.sees(message.topic, target)) note(entry)
          }
          if (more && end < upTo) readPage(end)
          else then(hasBefore)
        },
        fail: (error) => this.#fail(error),
      })
    }
    readPage(after)
  }

  #stop(): void {
    this.#cancelStep()
    this.#endSharing()
  }

  #fail(error: unknown): void {
    this.#stop()
    this.#connection.end(undefined, 'cut')
    this.#host.onError(error)
  }
}
