import { isPromise, type MaybePromise } from '@rxsse/shared'
import { CLOSE_WAIT_MS, settleWithin } from '../connection/settle.ts'
import type { Hub } from '../fan-out/hub.ts'
import { CheckedLog } from '../log/checked-log.ts'
import { isForServers } from '../log/disconnect-entry.ts'
import { encodeEntry, encodeGap, encodeLoggedMessage } from '../log/encode-entry.ts'
import type {
  AppendOptions,
  EventLog,
  LogEntry,
  LogGap,
  LoggedMessage,
  LogPosition,
} from '../log/event-log.ts'
import { removeLogUser } from '../log/log-users.ts'
import { callSafely } from '../sink/callbacks.ts'
import { SinkError } from '../sink/errors.ts'
import type { Target } from '../sink/message.ts'
import type { EncodedEvent } from '../wire/frame.ts'
import { startTail, type TailHandle, type TailHost } from './tail.ts'

/**
 * Receives every entry when it is delivered, and every gap. Without an event, the sink does not
 * send the entry.
 */
export type DeliveryListener = (delivered: LogEntry | LogGap, event: EncodedEvent | undefined) => void

export interface SequencerHost extends TailHost {
  /** Whether the sink sends a message of the log: another sink may have stored it. */
  passes(message: LoggedMessage): boolean
  /** An entry for servers was delivered. */
  onOrder(entry: LogEntry): void
}

/** What a client has missed that connected before the log was ready. */
export interface LogStart {
  /** The log's position when it became ready. Undefined if the log failed. */
  readonly position: LogPosition | undefined
  /** Entries published by this process up to `position`, in the order of the log. */
  readonly entries: readonly LogEntry[]
  /** Older ones that were not kept, because there were too many. */
  readonly gap?: LogGap | undefined
}

/** Delivers messages in one order: that of the log, or of the calls if there is no log. */
export class Sequencer {
  readonly log: CheckedLog | undefined
  /** The log as it was given. */
  readonly #source: EventLog | undefined
  readonly #hub: Hub
  readonly #host: SequencerHost
  readonly #listeners = new Set<DeliveryListener>()
  readonly #awaitReady = new Set<() => void>()
  readonly #awaitStart = new Set<(start: LogStart) => void>()
  /** The entry or gap that was delivered last. */
  #position: LogPosition | undefined
  /** Settles when the log is ready or has failed. Undefined if that was at once. */
  #ready: Promise<void> | undefined
  /** Undefined if there is no start to wait for any more. */
  #start: Promise<LogStart> | undefined
  // Published before the log was ready, so a tail starts after them, or no client had joined.
  #earlyEntries: LogEntry[] = []
  #dropped: DroppedEntries | undefined
  #tail: TailHandle | undefined
  #hasTail = false
  // Appends are completed in the order of their calls, whatever the order of their promises.
  #appending = 0
  #lastAppend: Promise<unknown> = Promise.resolve()

  constructor(log: EventLog | undefined, hub: Hub, host: SequencerHost) {
    const { onError } = host
    this.#source = log
    this.#hub = hub
    this.#host = host
    if (log === undefined) return
    this.log = new CheckedLog(log, (error) => {
      hub.counters.refused++
      onError(error)
    })
    try {
      const ready = this.#open(this.log, host)
      if (!isPromise(ready)) return
      this.#ready = ready.catch(onError).then(() => callEach(this.#awaitReady, undefined))
      this.#start = this.#ready.then(() => this.#collectStart())
      this.#start.then((start) => callEach(this.#awaitStart, start))
    } catch (error) {
      onError(error)
    }
  }

  /** The id that was delivered last. Undefined without a log. */
  get cursor(): string | undefined {
    return this.#position?.id
  }

  /** The offset of the same. Undefined until it is known. */
  get offset(): number | undefined {
    return this.#position?.offset
  }

  /** Whether everything up to an offset has been delivered. */
  hasReached(offset: number): boolean {
    return this.#position !== undefined && this.#position.offset >= offset
  }

  /** Whether the log's position is known, or there is nothing to wait for. */
  get isReady(): boolean {
    return this.log === undefined || this.#position !== undefined || this.#ready === undefined
  }

  /**
   * Calls `then` when the log is ready or has failed: at once for a synchronous log. Returns a
   * function that cancels it.
   */
  whenReady(then: () => void): () => void {
    if (this.#ready === undefined || this.isReady) then()
    else this.#awaitReady.add(then)
    return () => this.#awaitReady.delete(then)
  }

  /** As {@link whenReady}, with the entries for a client that has no id and connected before. */
  whenStarted(then: (start: LogStart) => void): () => void {
    if (this.#start === undefined) then({ position: this.#position, entries: [] })
    else this.#awaitStart.add(then)
    return () => this.#awaitStart.delete(then)
  }

  /** Whether the sink sends a message of the log. */
  passes(message: LoggedMessage): boolean {
    return !isForServers(message) && this.#host.passes(message)
  }

  append(message: LoggedMessage, target: Target, options: AppendOptions): MaybePromise<string | undefined> {
    if (this.log === undefined) {
      this.#hub.publish(encodeLoggedMessage(message, message.id), message.topic, target)
      return message.id
    }
    const isEarly = this.#start !== undefined
    let appended: MaybePromise<LogEntry>
    try {
      appended = this.log.append(message, target, options)
    } catch (cause) {
      throw createLogError(cause)
    }
    if (this.#appending === 0 && !isPromise(appended)) {
      this.#complete(appended, isEarly)
      return appended.id
    }
    return this.#completeInOrder(appended, isEarly)
  }

  /** Returns a function that removes the listener. */
  listen(listener: DeliveryListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    const { clock, onError } = this.#host
    callSafely(() => this.#tail?.stop(), onError)
    if (!(await settleWithin(this.#lastAppend, CLOSE_WAIT_MS, clock))) {
      onError(new SinkError('log', 'the sink closes although the event log has not taken every message'))
    }
    if (this.#source === undefined || !removeLogUser(this.#source)) return
    const closed = this.log?.close()
    if (isPromise(closed) && !(await settleWithin(closed, CLOSE_WAIT_MS, clock))) {
      onError(new SinkError('log', 'the event log has not closed'))
    }
  }

  #open(log: CheckedLog, host: TailHost): MaybePromise<void> {
    if (!log.hasTail) return this.#startAt(log.head())
    this.#hasTail = true
    const listener = (entries: readonly LogEntry[], gap?: LogGap) => {
      if (gap !== undefined) this.#reportGap(gap)
      for (const entry of entries) this.#deliver(entry)
    }
    this.#tail = startTail(log.tail.bind(log), listener, host)
    return this.#startAt(this.#tail.position)
  }

  #startAt(position: MaybePromise<LogPosition>): MaybePromise<void> {
    if (isPromise(position)) return position.then((resolved) => this.#startAt(resolved))
    // Entries may have been delivered already.
    this.#position ??= position
  }

  /** Waits until every message published before the log was ready is in the log. */
  async #collectStart(): Promise<LogStart> {
    const position = this.#position
    const lastAppend = this.#lastAppend
    this.#start = undefined
    await lastAppend
    const early = new Map(this.#earlyEntries.map((entry) => [entry.offset, entry]))
    const dropped = this.#dropped
    this.#earlyEntries = []
    this.#dropped = undefined
    return {
      position,
      gap: dropped && createDroppedGap(position, dropped),
      entries: [...early.values()]
        .filter(({ offset }) => position === undefined || offset <= position.offset)
        .sort((one, other) => one.offset - other.offset),
    }
  }

  #completeInOrder(appended: MaybePromise<LogEntry>, isEarly: boolean): Promise<string> {
    this.#appending++
    const completed = Promise.allSettled([this.#lastAppend, appended]).then(([, result]) => {
      this.#appending--
      if (result.status === 'rejected') throw createLogError(result.reason)
      this.#complete(result.value, isEarly)
      return result.value.id
    })
    this.#lastAppend = completed.catch(() => {})
    return completed
  }

  #complete(entry: LogEntry, isEarly: boolean): void {
    if (isEarly) this.#keepEarly(entry)
    // A tail delivers by itself. An entry that the log had already (by its source id) is not new.
    if (!this.#hasTail && !this.hasReached(entry.offset)) this.#deliver(entry)
  }

  /** A log may take long to become ready, so the number of entries is limited. */
  #keepEarly(entry: LogEntry): void {
    this.#earlyEntries.push(entry)
    if (this.#earlyEntries.length <= MAX_EARLY) return
    const [oldest] = this.#earlyEntries.splice(0, 1) as [LogEntry]
    const { first = oldest, count = 0 } = this.#dropped ?? {}
    this.#dropped = { first, last: oldest, count: count + 1 }
  }

  #deliver(entry: LogEntry): void {
    this.#position = entry
    const event = this.passes(entry.message) ? encodeEntry(entry) : undefined
    if (event !== undefined) this.#hub.publish(event, entry.message.topic, entry.target)
    else if (isForServers(entry.message)) this.#host.onOrder(entry)
    else this.#hub.counters.filtered++
    for (const listener of this.#listeners) listener(entry, event)
  }

  #reportGap(gap: LogGap): void {
    this.#position = gap.to
    const event = encodeGap(gap)
    this.#hub.counters.gaps += this.#hub.broadcast(event)
    for (const listener of this.#listeners) listener(gap, event)
  }
}

const MAX_EARLY = 10_000

function callEach<T>(waiting: Set<(value: T) => void>, value: T): void {
  for (const then of waiting) {
    waiting.delete(then)
    then(value)
  }
}

/** Early entries beyond {@link MAX_EARLY}. */
interface DroppedEntries {
  readonly first: LogEntry
  readonly last: LogEntry
  readonly count: number
}

/** The part of the dropped entries up to `position`. Later ones are read from the log. */
function createDroppedGap(
  position: LogPosition | undefined,
  { first, last, count }: DroppedEntries,
): LogGap | undefined {
  const { id, offset } = last
  if (position === undefined || offset <= position.offset) {
    return { reason: 'trimmed', from: first.id, to: { id, offset }, missed: count }
  }
  return first.offset > position.offset ? undefined : { reason: 'trimmed', from: first.id, to: position }
}

function createLogError(cause: unknown): SinkError {
  return new SinkError('log', 'the event log did not take the message', { cause })
}
