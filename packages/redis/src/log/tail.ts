import type { LogEntry, LogGap, LogPosition } from '@rxsse/server'
import { backoff } from '../connection/backoff.ts'
import type { Failure } from '../connection/connection.ts'
import { RedisError } from '../connection/redis-error.ts'
import { decodeEntry, isLogId, parseLogId, positionBefore, type StoredEntry } from './entry.ts'
import type { LogContext } from './log-context.ts'
import { NOTHING, type Page, tryReadPage } from './reader.ts'

export type TailListener = (entries: readonly LogEntry[], gap?: LogGap) => void

/**
 * Follows the log from a position until its connection is closed. The connection is its own, because reads block.
 *
 * If entries are missing after the position (Redis lost data, or trimmed it before this process had read it), the
 * listener gets a gap. So connected clients learn of a loss just as clients do that resume.
 */
export class Tail {
  readonly #context: LogContext
  readonly #listener: TailListener
  #position: LogPosition
  /** The last stream entry that was read. It lies beyond the position if it does not belong to the log. */
  #lastRead: string
  /** Whether the position was compared with the log since the connection was made or was last idle. */
  #verified = false

  constructor(from: LogPosition, listener: TailListener, context: LogContext) {
    this.#context = context
    this.#listener = listener
    this.#position = from
    this.#lastRead = toStreamId(from)
  }

  async run(): Promise<void> {
    const { connection, settings } = this.#context
    for (let failures = 0; !connection.closed; ) {
      const failure = await this.#step()
      if (failure === undefined) {
        failures = 0
        continue
      }
      this.#verified = false
      if (connection.closed) return
      connection.reportFailure(failure)
      await backoff(failures++, settings)
    }
  }

  async #step(): Promise<Failure | undefined> {
    if (!this.#verified) {
      const failure = await this.#verify()
      if (failure !== undefined) return failure
      this.#verified = true
    }
    return this.#read()
  }

  /** Checks that the log still contains the position, and delivers a gap if it does not. */
  async #verify(): Promise<Failure | undefined> {
    const position = this.#position
    const byId = await tryReadPage({ id: position.id }, NOTHING, this.#context)
    if ('failure' in byId) return byId.failure
    const { gap, after } = byId.answer
    if (gap === undefined) return undefined
    let to = after
    if (to.offset < position.offset) {
      // Connected clients already have the entries before their position, so they go on from there.
      const byOffset = await tryReadPage({ offset: position.offset }, NOTHING, this.#context)
      if ('failure' in byOffset) return byOffset.failure
      to = { id: byOffset.answer.after.id, offset: Math.max(byOffset.answer.after.offset, position.offset) }
    }
    this.#deliver([], createGap(to, position.id, gap))
    this.#position = to
    this.#lastRead = toStreamId(to)
    return undefined
  }

  async #read(): Promise<Failure | undefined> {
    const { connection, keys, outages } = this.#context
    const outcome = await connection.try((client) =>
      client.xRead(
        { key: keys.events, id: this.#lastRead },
        { COUNT: MAX_ENTRIES, BLOCK: Math.ceil(connection.patience) },
      ),
    )
    if ('failure' in outcome) return outcome.failure
    const messages = (outcome.answer as Streams | null)?.[0]?.messages ?? []
    // If nothing arrives, the log may be gone, which only a check can show.
    if (messages.length === 0) this.#verified = false
    const entries: StoredEntry[] = []
    for (const { id, message } of messages) {
      try {
        entries.push(this.#parseEntry(id, message))
      } catch (error) {
        outages.report(error)
      }
    }
    const failure = await this.#deliverInOrder(entries)
    if (failure === undefined) this.#lastRead = messages.at(-1)?.id ?? this.#lastRead
    return failure
  }

  #parseEntry(streamId: string, { i: logId, m: body }: Fields): StoredEntry {
    const { keys, settings } = this.#context
    if (logId !== undefined && body !== undefined && isLogId(logId)) {
      return decodeEntry(logId, Number.parseInt(streamId, 10), body, settings.ids)
    }
    const text = `${keys.events} contains ${streamId}, which is not an entry of this log; it is left out`
    throw new RedisError('refused', text)
  }

  /** Delivers entries, with a gap before each that does not directly follow the one before it. */
  async #deliverInOrder(entries: readonly StoredEntry[]): Promise<Failure | undefined> {
    const batches: { readonly gap?: LogGap; readonly entries: LogEntry[] }[] = []
    let last = this.#position
    for (const entry of entries) {
      const result = await this.#findGap(last, entry)
      if (result !== undefined && 'kind' in result) return result
      if (result !== undefined) batches.push({ gap: result, entries: [] })
      this.#context.watermark.raise(entry.logId, entry.offset)
      if (batches.length === 0) batches.push({ entries: [] })
      batches.at(-1)?.entries.push(entry)
      last = { id: entry.logId, offset: entry.offset }
    }
    for (const batch of batches) this.#deliver(batch.entries, batch.gap)
    this.#position = last
    return undefined
  }

  async #findGap(last: LogPosition, entry: StoredEntry): Promise<LogGap | Failure | undefined> {
    const { epoch, number } = parseLogId(entry.logId)
    const before = parseLogId(last.id)
    if (epoch === before.epoch) {
      const missed = number - before.number - 1
      return missed === 0
        ? undefined
        : createGap(positionBefore(entry), last.id, { reason: 'trimmed', missed })
    }
    // Only Redis knows whether the term before ended at the last entry that was read.
    const outcome = await tryReadPage({ id: last.id }, NOTHING, this.#context)
    if ('failure' in outcome) return outcome.failure
    const { gap } = outcome.answer
    return gap && createGap(positionBefore(entry), last.id, gap)
  }

  #deliver(entries: readonly LogEntry[], gap?: LogGap): void {
    if (this.#context.connection.closed) return
    // An error of the listener must not cost it the entries that follow.
    this.#context.outages.call(() => this.#listener(entries, gap))
  }
}

type Streams = readonly { readonly messages: readonly { readonly id: string; readonly message: Fields }[] }[]
type Fields = { readonly i?: string; readonly m?: string }

/** The most entries of one read. */
const MAX_ENTRIES = 256

function toStreamId({ offset }: LogPosition): string {
  return `${offset}-0`
}

function createGap(to: LogPosition, from: string, { reason, missed }: NonNullable<Page['gap']>): LogGap {
  return { reason, from, to, missed }
}
