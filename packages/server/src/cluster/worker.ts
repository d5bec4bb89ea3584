import { randomUUID } from 'node:crypto'
import { createOpenTail, type MaybePromise, type OpenTail } from '@rxsse/shared'
import type { Permit, SharedPermits } from '../access/limits.ts'
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
import { measureCall, splitByLength } from './message-length.ts'
import { PendingCalls } from './pending-calls.ts'
import {
  type Call,
  type Channel,
  parseAnswer,
  parseAppended,
  parsePage,
  parsePosition,
  parsePrimaryMessage,
  parseRun,
} from './protocol.ts'
import { SharedReads } from './shared-reads.ts'

type Listener = Parameters<NonNullable<EventLog['tail']>>[0]

interface Joining {
  readonly listener: Listener
  /** From the answer to `tail` on. */
  tail: OpenTail<LogPosition> | undefined
}

/** The primary's log, as a worker sees it: every call is answered over the channel. */
export class WorkerLog implements EventLog {
  readonly permits: SharedPermits = { take: (key, most) => this.#take(key, most) }
  readonly #client: string = randomUUID()
  readonly #channel: Channel
  readonly #context: ClusterContext
  readonly #calls: PendingCalls
  readonly #reads: SharedReads
  readonly #listeners = new Map<OpenTail<LogPosition>, Listener>()
  /** Those who listen from the answer to `tail` on. */
  readonly #joining = new Set<Joining>()
  #tailing: Promise<void> | undefined
  /** The last entry that the tail brought. */
  #position: LogPosition | undefined
  /** Calls that have not been sent. The primary may not have opened its log yet. */
  #outbox: Call[] = []
  /** Characters of calls that the channel has not taken yet. */
  #unsent = 0
  #welcomed = false
  #scheduled = false
  #closed: ClusterError | undefined

  constructor(channel: Channel, context: ClusterContext) {
    this.#channel = channel
    this.#context = context
    this.#calls = new PendingCalls(context)
    this.#reads = new SharedReads((...read) => this.#read(...read))
    this.#send({ kind: 'hello' })
  }

  /** The primary sent something. Messages of others are ignored. */
  receive(value: unknown): void {
    if (this.#closed !== undefined) return
    const message = parsePrimaryMessage(value, this.#context.name)
    if (message === undefined) return
    // It opened the log after this worker asked for it.
    if (message.kind === 'begin' && !this.#welcomed) this.#send({ kind: 'hello' })
    if (message.client !== this.#client) return
    if (message.kind === 'closed') this.#end(new ClusterError('closed', 'the primary has closed the log'))
    if (message.kind === 'welcome') {
      this.#welcomed = true
      this.#schedule()
    }
    for (const answer of message.answers ?? []) this.#answered(answer)
    for (const run of message.runs ?? []) this.#goLive(run)
  }

  /** The channel is closed: the primary has died, or this worker was told to go. */
  disconnected(): void {
    this.#end(new ClusterError('disconnected', 'the primary has gone, and its log with it'))
  }

  append(message: LoggedMessage, target: Target, { sourceId }: AppendOptions = {}): Promise<LogEntry> {
    return this.#call(
      (n) => {
        assertFitsChannel(message)
        return [n, 'append', message, target, sourceId ?? null]
      },
      (value) => parseAppended(value, message, target),
    )
  }

  since(after: string | number, bounds: PageBounds): Promise<LogPage> {
    return this.#reads.read(after, bounds)
  }

  head(): Promise<LogPosition> {
    return this.#call((n) => [n, 'head'], parsePosition)
  }

  tail(listener: Listener): MaybePromise<LogTail> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    if (this.#position !== undefined) return this.#listen(listener, this.#position)
    const joining: Joining = { listener, tail: undefined }
    this.#joining.add(joining)
    this.#tailing ??= this.#call(
      (n) => [n, 'tail'],
      (value) => this.#begin(parsePosition(value)),
    )
    return this.#tailing.then(
      () => joining.tail as OpenTail<LogPosition>,
      (error: unknown) => {
        // The next one asks again.
        this.#tailing = undefined
        this.#joining.delete(joining)
        throw error
      },
    )
  }

  close(): void {
    if (this.#closed !== undefined) return
    if (this.#welcomed) this.#flush()
    this.#send({ kind: 'bye' })
    this.#end(new ClusterError('closed', 'the log is closed'))
  }

  async #take(key: string, most: number): Promise<Permit | undefined> {
    let number = 0
    let held = true
    const release = () => {
      if (!held || this.#closed !== undefined) return
      held = false
      this.#push([number, 'release'])
    }
    try {
      const taken = await this.#call(
        (n) => {
          number = n
          return [n, 'take', key, most]
        },
        (value) => value === true,
      )
      return taken ? { release } : undefined
    } catch (error) {
      // The primary may have given it all the same.
      release()
      throw error
    }
  }

  #read(after: string | number, { limit, maxBytes }: PageBounds, settled: () => void): Promise<LogPage> {
    return this.#call(
      (n) => [n, 'since', after, limit, maxBytes ?? null],
      (value) => parsePage(value, this.#context.onError),
      settled,
    )
  }

  #answered(answer: unknown): void {
    const [n, ok, result] = parseAnswer(answer)
    if (ok) this.#calls.resolve(n, result)
    else this.#calls.reject(n, new ClusterError('refused', result))
  }

  /** Listens from the moment of the answer: the entries that follow it are in the same message. */
  #begin(position: LogPosition): void {
    // Pages that were asked for before may end before this position.
    this.#reads.stopSharing()
    this.#position = position
    for (const joining of this.#joining) joining.tail = this.#listen(joining.listener, position)
    this.#joining.clear()
  }

  #listen(listener: Listener, { id, offset }: LogPosition): OpenTail<LogPosition> {
    const tail = createOpenTail({ id, offset }, () => this.#listeners.delete(tail))
    this.#listeners.set(tail, listener)
    return tail
  }

  #goLive(value: unknown): void {
    const { onError } = this.#context
    if (this.#position === undefined) return
    const { gap, entries } = parseRun(value, onError)
    const { offset } = this.#position
    const fresh = entries.filter((entry) => entry.offset > offset)
    if (fresh.length === 0 && gap === undefined) return
    this.#reads.stopSharing()
    this.#position = fresh.at(-1) ?? gap?.to ?? this.#position
    for (const listener of this.#listeners.values()) {
      try {
        listener(fresh, gap)
      } catch (error) {
        onError(error)
      }
    }
  }

  #call<T>(
    create: (n: number) => Call,
    parse: (value: unknown) => T,
    settled: () => void = () => {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        settled()
        reject(error)
      }
      if (this.#closed !== undefined) return fail(this.#closed)
      const call = this.#calls.add(
        create,
        (value) => {
          resolve(parse(value))
          settled()
        },
        fail,
      )
      this.#push(call)
    })
  }

  #push(call: Call): void {
    if (this.#outbox.length > 2 * (this.#calls.size + SPARE)) this.#forgetTimedOut()
    this.#outbox.push(call)
    if (this.#welcomed) this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#outbox.length === 0) return
    this.#scheduled = true
    this.#context.atEndOfTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  /** Sends what the channel takes. If the primary hangs, calls wait here, where a timeout ends them. */
  #flush(): void {
    const { maxUnsent } = this.#context
    if (this.#closed !== undefined || this.#unsent > maxUnsent) return
    this.#forgetTimedOut()
    const parts = splitByLength(this.#outbox, measureCall)
    let sent = 0
    for (const calls of parts) {
      if (this.#unsent > maxUnsent) break
      sent += calls.length
      this.#sendCalls(calls)
    }
    this.#outbox = this.#outbox.slice(sent)
  }

  #sendCalls(calls: readonly Call[]): void {
    const length = calls.reduce((sum, call) => sum + measureCall(call), 0)
    this.#unsent += length
    for (const [n] of calls) this.#calls.sent(n)
    this.#send({ kind: 'calls', calls }, () => {
      this.#unsent -= length
      this.#schedule()
    })
  }

  /** Nobody waits for a call that has timed out; what it asked for must not happen. */
  #forgetTimedOut(): void {
    const dropped = new Set<number>()
    this.#outbox = this.#outbox.filter(([n, name]) => {
      const isWanted = name === 'release' ? !dropped.has(n) : this.#calls.has(n)
      if (!isWanted) dropped.add(n)
      return isWanted
    })
  }

  #send(
    message: { readonly kind: string; readonly calls?: readonly Call[] },
    sent: () => void = () => {},
  ): void {
    this.#channel.send({ rxsse: this.#context.name, client: this.#client, ...message }, sent)
  }

  #end(error: ClusterError): void {
    this.#closed ??= error
    const tails = [...this.#listeners.keys()]
    this.#listeners.clear()
    this.#outbox = []
    this.#calls.rejectAll(error)
    for (const tail of tails) tail.end(error)
  }
}

/** Calls in the outbox that have timed out are removed when there are more than this. */
const SPARE = 64
