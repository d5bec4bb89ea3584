import { SinkError } from './errors.ts'
import type { MaybePromise, Target } from './event.ts'
import type { Hub } from './fan-out/hub.ts'
import type { AppendOptions, EventLog, LogEntry, LoggedMessage, LogPosition } from './log/types.ts'
import { isPromise } from './maybe-promise.ts'
import { encodeMessage } from './wire/encode.ts'
import { EncodedEvent } from './wire/frame.ts'

/** Sees every entry at the moment it goes live. */
export type EntryListener = (entry: LogEntry) => void

/** The one order in which a sink's messages go live: that of its log, or of the calls where there is none. */
export class Timeline {
  readonly log: EventLog | undefined
  readonly #hub: Hub
  readonly #listeners = new Set<EntryListener>()
  #position: LogPosition | undefined
  #starting: Promise<void> | undefined
  #stopTail: (() => void) | undefined
  #tailed = false
  #closed = false
  // The appends on their way, in the order of their calls, however their promises settle.
  #inFlight = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(log: EventLog | undefined, hub: Hub, onError: (error: unknown) => void) {
    this.log = log
    this.#hub = hub
    if (log === undefined) return
    try {
      const started = this.#start(log)
      if (isPromise(started)) this.#starting = started.catch(onError)
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

  append(message: LoggedMessage, target: Target, options: AppendOptions): MaybePromise<string | undefined> {
    if (this.log === undefined) {
      this.#hub.publish(encode(message, message.id), message.topic, target)
      return message.id
    }
    let appended: MaybePromise<LogEntry>
    try {
      appended = this.log.append(message, target, options)
    } catch (cause) {
      throw logFailed(cause)
    }
    if (this.#inFlight === 0 && !isPromise(appended)) {
      this.#appended(appended)
      return appended.id
    }
    return this.#inOrder(appended)
  }

  listen(listener: EntryListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stopTail?.()
    await this.#last
    await this.log?.close()
  }

  #start(log: EventLog): MaybePromise<void> {
    if (log.tail === undefined) {
      const head = log.head()
      if (isPromise(head)) return head.then((position) => this.#startAt(position))
      return this.#startAt(head)
    }
    this.#tailed = true
    const tail = log.tail((entries) => {
      for (const entry of entries) this.#goLive(entry)
    })
    const tailing = ({ position, stop }: { position: LogPosition; stop(): void }) => {
      if (this.#closed) return stop()
      this.#stopTail = stop
      this.#startAt(position)
    }
    return isPromise(tail) ? tail.then(tailing) : tailing(tail)
  }

  #startAt(position: LogPosition): void {
    // What was appended meanwhile may be live already.
    this.#position ??= position
  }

  #inOrder(appended: MaybePromise<LogEntry>): Promise<string> {
    this.#inFlight++
    const before = this.#last
    const done = Promise.allSettled([before, appended]).then(([, result]) => {
      this.#inFlight--
      if (result.status === 'rejected') throw logFailed(result.reason)
      this.#appended(result.value)
      return result.value.id
    })
    this.#last = done.catch(() => {})
    return done
  }

  #appended(entry: LogEntry): void {
    // A tail says itself what is live; an entry that was there before (by its source id) is live already.
    if (!this.#tailed && !this.hasReached(entry.offset)) this.#goLive(entry)
  }

  #goLive(entry: LogEntry): void {
    this.#position = entry
    this.#hub.publish(encodeEntry(entry), entry.message.topic, entry.target)
    for (const listener of this.#listeners) listener(entry)
  }
}

export function encodeEntry(entry: LogEntry): EncodedEvent {
  return encode(entry.message, entry.id)
}

function encode({ type, data, retry, key }: LoggedMessage, id: string | undefined): EncodedEvent {
  return new EncodedEvent(encodeMessage({ type, data, retry, id }), true, key)
}

function logFailed(cause: unknown): SinkError {
  return new SinkError('log', 'the event log did not take the message', { cause })
}
