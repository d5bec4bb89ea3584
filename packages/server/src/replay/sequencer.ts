import { isPromise, type MaybePromise } from '@rxsse/shared'
import type { Hub } from '../fan-out/hub.ts'
import { encodeEntry, encodeGap, encodeLogged } from '../log/encode-entry.ts'
import type {
  AppendOptions,
  EventLog,
  LogEntry,
  LogGap,
  LoggedMessage,
  LogPosition,
} from '../log/event-log.ts'
import { SinkError } from '../sink/errors.ts'
import type { Target } from '../sink/message.ts'
import { startTail, type TailHandle, type TailHost } from './tail.ts'

/** Sees every entry at the moment it goes live, and every gap before it. */
export type LiveListener = (live: LogEntry | LogGap) => void

/** Where a log stood when it first said so, for those who were connected by then. */
export interface Start {
  /** Undefined where the log could not say. */
  readonly position: LogPosition | undefined
  /** What was published here until then, in the order of the log. */
  readonly early: readonly LogEntry[]
  /** What came before that, and was too much to be kept. */
  readonly lost?: LogGap | undefined
}

/** The one order in which a sink's messages go live: that of its log, or of the calls where there is none. */
export class Sequencer {
  readonly log: EventLog | undefined
  readonly #hub: Hub
  readonly #listeners = new Set<LiveListener>()
  #position: LogPosition | undefined
  #starting: Promise<void> | undefined
  #settling: Promise<Start> | undefined
  // What was published before the start: it lies before where a tail begins, or went live when nobody had joined.
  #early: LogEntry[] = []
  #dropped: Dropped | undefined
  #tailing: TailHandle | undefined
  #tailed = false
  // The appends on their way, in the order of their calls, however their promises settle.
  #inFlight = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(log: EventLog | undefined, hub: Hub, host: TailHost) {
    const { onError } = host
    this.log = log
    this.#hub = hub
    if (log === undefined) return
    try {
      const started = this.#begin(log, host)
      if (!isPromise(started)) return
      this.#starting = started.catch(onError)
      this.#settling = this.#starting.then(() => this.#settled())
    } catch (error) {
      onError(error)
    }
  }

  /** The id of what went live last; undefined without a log. */
  get cursor(): string | undefined {
    return this.#position?.id
  }

  /** Whether everything up to an offset has gone live. */
  hasReached(offset: number): boolean {
    return this.#position !== undefined && this.#position.offset >= offset
  }

  /** Whether the log has said where it stands; true without one. */
  get isStarted(): boolean {
    return this.log === undefined || this.#position !== undefined || this.#starting === undefined
  }

  /** Calls `then` when the log has said where it stands, which is at once for a log that is synchronous. */
  whenStarted(then: () => void): void {
    if (this.#starting === undefined || this.isStarted) then()
    else this.#starting.then(then)
  }

  /** As {@link whenStarted}, for those who have no id, and are owed what is published from when they connect on. */
  whenSettled(then: (start: Start) => void): void {
    if (this.#settling === undefined) then({ position: this.#position, early: [] })
    else this.#settling.then(then)
  }

  append(message: LoggedMessage, target: Target, options: AppendOptions): MaybePromise<string | undefined> {
    if (this.log === undefined) {
      this.#hub.publish(encodeLogged(message, message.id), message.topic, target)
      return message.id
    }
    const isEarly = this.#settling !== undefined
    let appended: MaybePromise<LogEntry>
    try {
      appended = this.log.append(message, target, options)
    } catch (cause) {
      throw logFailed(cause)
    }
    if (this.#inFlight === 0 && !isPromise(appended)) {
      this.#appended(appended, isEarly)
      return appended.id
    }
    return this.#inOrder(appended, isEarly)
  }

  listen(listener: LiveListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#tailing?.stop()
    await this.#last
    await this.log?.close()
  }

  #begin(log: EventLog, host: TailHost): MaybePromise<void> {
    if (log.tail === undefined) {
      const head = log.head()
      if (isPromise(head)) return head.then((position) => this.#startAt(position))
      return this.#startAt(head)
    }
    this.#tailed = true
    const listener = (entries: readonly LogEntry[], gap?: LogGap) => {
      if (gap !== undefined) this.#lose(gap)
      for (const entry of entries) this.#goLive(entry)
    }
    this.#tailing = startTail(log.tail.bind(log), listener, host)
    const { begun } = this.#tailing
    return isPromise(begun) ? begun.then((position) => this.#startAt(position)) : this.#startAt(begun)
  }

  #startAt(position: LogPosition): void {
    // What was appended meanwhile may be live already.
    this.#position ??= position
  }

  /** When what was published before the start has its permit in the log, too. */
  async #settled(): Promise<Start> {
    const position = this.#position
    const last = this.#last
    this.#settling = undefined
    await last
    const early = new Map(this.#early.map((entry) => [entry.offset, entry]))
    const dropped = this.#dropped
    this.#early = []
    this.#dropped = undefined
    return {
      position,
      lost: dropped && lostBefore(position, dropped),
      early: [...early.values()]
        .filter(({ offset }) => position === undefined || offset <= position.offset)
        .sort((one, other) => one.offset - other.offset),
    }
  }

  #inOrder(appended: MaybePromise<LogEntry>, isEarly: boolean): Promise<string> {
    this.#inFlight++
    const before = this.#last
    const done = Promise.allSettled([before, appended]).then(([, result]) => {
      this.#inFlight--
      if (result.status === 'rejected') throw logFailed(result.reason)
      this.#appended(result.value, isEarly)
      return result.value.id
    })
    this.#last = done.catch(() => {})
    return done
  }

  #appended(entry: LogEntry, isEarly: boolean): void {
    if (isEarly) this.#keep(entry)
    // A tail says itself what is live; an entry that was there before (by its source id) is live already.
    if (!this.#tailed && !this.hasReached(entry.offset)) this.#goLive(entry)
  }

  /** A log may take long to say where it stands: what is kept until then has a bound. */
  #keep(entry: LogEntry): void {
    this.#early.push(entry)
    if (this.#early.length <= MAX_EARLY) return
    const [oldest] = this.#early.splice(0, 1) as [LogEntry]
    const { first = oldest, count = 0 } = this.#dropped ?? {}
    this.#dropped = { first, last: oldest, count: count + 1 }
  }

  #goLive(entry: LogEntry): void {
    this.#position = entry
    this.#hub.publish(encodeEntry(entry), entry.message.topic, entry.target)
    for (const listener of this.#listeners) listener(entry)
  }

  #lose(gap: LogGap): void {
    this.#position = gap.to
    this.#hub.counters.gaps += this.#hub.announce(encodeGap(gap))
    for (const listener of this.#listeners) listener(gap)
  }
}

const MAX_EARLY = 10_000

/** What was published before the start, and not kept. */
interface Dropped {
  readonly first: LogEntry
  readonly last: LogEntry
  readonly count: number
}

/** What lies after the position is read from the log. */
function lostBefore(position: LogPosition | undefined, { first, last, count }: Dropped): LogGap | undefined {
  const { id, offset } = last
  const all: LogGap = { reason: 'trimmed', from: first.id, to: { id, offset }, missed: count }
  if (position === undefined || offset <= position.offset) return all
  return first.offset > position.offset ? undefined : { reason: 'trimmed', from: first.id, to: position }
}

function logFailed(cause: unknown): SinkError {
  return new SinkError('log', 'the event log did not take the message', { cause })
}
