import { createOpenTail, isPromise, type MaybePromise, type OpenTail } from '@rxsse/shared'
import { createLocalPermits, type SharedPermits } from '../access/limits.ts'
import { CheckedLog } from '../log/checked-log.ts'
import type {
  AppendOptions,
  EventLog,
  LogEntry,
  LoggedMessage,
  LogPage,
  LogPosition,
  LogTail,
  PageBounds,
} from '../log/event-log.ts'
import type { Target } from '../sink/message.ts'
import type { ClusterContext } from './context.ts'
import { assertFitsChannel, ClusterError } from './errors.ts'
import { type Channel, parseWorkerMessage, type Run } from './protocol.ts'
import { Session, type SessionHost } from './session.ts'

type Listener = Parameters<NonNullable<EventLog['tail']>>[0]

/**
 * The log of all processes, in the primary. It is an {@link EventLog} for the primary's own sinks,
 * and has a {@link Session} for each worker. Entries go live in every process in the order of the
 * log: the primary is the only one that appends, or the log has a tail.
 */
export class PrimaryLog implements EventLog, SessionHost {
  readonly permits: SharedPermits = createLocalPermits()
  readonly context: ClusterContext
  readonly #log: CheckedLog
  readonly #sessions = new Map<Channel, Session>()
  readonly #listeners = new Map<OpenTail<LogPosition>, Listener>()
  #position: LogPosition | undefined
  #starting: Promise<void> | undefined
  #stopTail: (() => void) | undefined
  // Appends that have not settled, in the order of their calls.
  #inFlight = 0
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(log: EventLog, context: ClusterContext) {
    // Its workers then receive sound entries only.
    this.#log = new CheckedLog(log, (error) => context.onError(error))
    this.context = context
  }

  /** A worker sent something. Messages of others are ignored. */
  receive(channel: Channel, value: unknown): void {
    if (this.#closed) return
    const message = parseWorkerMessage(value, this.context.name)
    if (message === undefined) return
    const session = this.#sessions.get(channel)
    if (message.kind === 'hello') {
      if (session?.client !== message.client) {
        session?.end()
        this.#sessions.set(channel, new Session(message.client, channel, this))
      }
      channel.send({ rxsse: this.context.name, client: message.client, kind: 'welcome' }, () => {})
      return
    }
    // What an earlier client of the worker left behind is for nobody.
    if (session === undefined || session.client !== message.client) return
    if (message.kind === 'bye') this.disconnected(channel)
    else for (const call of message.calls ?? []) session.receive(call)
  }

  /** The worker has gone. What it had asked for is dropped, what it held is given back. */
  disconnected(channel: Channel): void {
    this.#sessions.get(channel)?.end()
    this.#sessions.delete(channel)
  }

  append(message: LoggedMessage, target: Target, options: AppendOptions = {}): MaybePromise<LogEntry> {
    assertFitsChannel(message)
    return this.whenStarted(() => {
      const appended = this.#log.append(message, target, options)
      if (this.#inFlight > 0 || isPromise(appended)) return this.#inOrder(appended)
      this.#appended(appended)
      return appended
    })
  }

  since(
    after: string | number,
    { limit, maxBytes = Number.POSITIVE_INFINITY }: PageBounds,
  ): MaybePromise<LogPage> {
    this.#assertOpen()
    return this.#log.since(after, { limit, maxBytes })
  }

  head(): MaybePromise<LogPosition> {
    this.#assertOpen()
    return this.#log.head()
  }

  tail(listener: Listener): MaybePromise<LogTail> {
    return this.whenStarted(() => {
      const tail = createOpenTail(this.position, () => this.#listeners.delete(tail))
      this.#listeners.set(tail, listener)
      return tail
    })
  }

  /** What went live last. Only known once the log has started. */
  get position(): LogPosition {
    if (this.#position === undefined) throw new ClusterError('closed', 'the log has not started')
    const { id, offset } = this.#position
    return { id, offset }
  }

  /** Calls `then` when the log has said where it stands, which may be at once. */
  whenStarted<T>(then: () => MaybePromise<T>): MaybePromise<T> {
    this.#assertOpen()
    if (this.#position !== undefined) return then()
    this.#starting ??= this.#start()
    if (this.#starting === undefined) return then()
    return this.#starting.then(() => {
      this.#assertOpen()
      return then()
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const [channel, session] of this.#sessions) {
      session.end()
      channel.send({ rxsse: this.context.name, client: session.client, kind: 'closed' }, () => {})
    }
    this.#sessions.clear()
    const tails = [...this.#listeners.keys()]
    this.#listeners.clear()
    for (const tail of tails) tail.end(new ClusterError('closed', 'the log is closed'))
    this.#stopTail?.()
    await this.#last
    await this.#log.close()
  }

  /** Undefined if the log can say at once where it stands. */
  #start(): Promise<void> | undefined {
    if (!this.#log.hasTail) {
      const head = this.#log.head()
      if (isPromise(head)) return this.#startAt(head)
      this.#position ??= head
      return undefined
    }
    const tail = this.#log.tail((entries, gap) => this.#goLive({ entries, gap }))
    if (isPromise(tail)) return this.#startAt(tail.then((begun) => this.#follow(begun)))
    this.#position ??= this.#follow(tail)
    return undefined
  }

  async #startAt(position: Promise<LogPosition>): Promise<void> {
    try {
      this.#position ??= await position
    } finally {
      // A log that could not say is asked again by the next call.
      this.#starting = undefined
    }
  }

  #follow(tail: LogTail): LogPosition {
    this.#stopTail = () => tail.stop()
    if (this.#closed) tail.stop()
    // Somebody else has closed the log.
    else {
      tail.onEnd?.((reason) => {
        this.context.onError(reason)
        this.close().catch(this.context.onError)
      })
    }
    return tail.position
  }

  #inOrder(appended: MaybePromise<LogEntry>): Promise<LogEntry> {
    this.#inFlight++
    const done = Promise.allSettled([this.#last, appended]).then(([, result]) => {
      this.#inFlight--
      if (result.status === 'rejected') throw result.reason
      this.#appended(result.value)
      return result.value
    })
    this.#last = done.catch(() => {})
    return done
  }

  #appended(entry: LogEntry): void {
    if (this.#log.hasTail) return
    // An entry that the log knew by its source id is live already.
    if (entry.offset > this.position.offset) this.#goLive({ entries: [entry] })
  }

  #goLive(run: Run): void {
    if (this.#closed) return
    this.#position = run.entries.at(-1) ?? run.gap?.to ?? this.#position
    for (const session of this.#sessions.values()) session.tell(run)
    for (const listener of this.#listeners.values()) this.#tell(listener, run)
  }

  #tell(listener: Listener, { entries, gap }: Run): void {
    try {
      listener(entries, gap)
    } catch (error) {
      this.context.onError(error)
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClusterError('closed', 'the log is closed')
  }
}
