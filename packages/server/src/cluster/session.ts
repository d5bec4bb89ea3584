import { isPromise, type MaybePromise } from '@rxsse/shared'
import type { Permit, SharedPermits } from '../access/limits.ts'
import type { EventLog, LogEntry, LogPage, LogPosition } from '../log/event-log.ts'
import type { ClusterContext } from './context.ts'
import { measureAnswer, measureEntries, measureMessage, splitByLength } from './message-length.ts'
import { type Answer, type Call, type Channel, parseCall, type Run } from './protocol.ts'

/** The log that a session serves. */
export interface SessionHost extends Pick<EventLog, 'append' | 'since' | 'head'> {
  readonly context: ClusterContext
  readonly permits: SharedPermits
  /** What went live last. Only known once the log has started. */
  readonly position: LogPosition
  whenStarted<T>(then: () => MaybePromise<T>): MaybePromise<T>
}

/** What the primary holds for one worker: its answers and entries of this tick, and its permits. */
export class Session {
  readonly client: string
  readonly #channel: Channel
  readonly #primary: SessionHost
  readonly #permits = new Map<number, Permit>()
  #answers: Answer[] = []
  #runs: Run[] = []
  #scheduled = false
  #ended = false
  /**
   * `live`: entries are sent as they come. `reading`: the worker takes them more slowly than they
   * come, so it gets pages of the log until it has caught up.
   */
  #tail: 'off' | 'live' | 'reading' = 'off'
  /** The offset up to which the worker has been sent entries. */
  #offset = 0
  /** Characters of entries that the channel has not taken yet, those of this tick included. */
  #unsent = 0
  /** Characters of `#runs`. */
  #pending = 0
  /** A page is being read, or has not left this process. */
  #pageUnderway = false
  /** How many times the worker has begun its tail. A page that was read for an earlier one is for nobody. */
  #joins = 0
  #hasPage = false

  constructor(client: string, channel: Channel, primary: SessionHost) {
    this.client = client
    this.#channel = channel
    this.#primary = primary
  }

  receive(value: unknown): void {
    let call: Call
    try {
      call = parseCall(value)
    } catch (error) {
      this.#primary.context.onError(error)
      const n = Array.isArray(value) ? value[0] : undefined
      if (typeof n === 'number') this.#fail(n, error)
      return
    }
    const [n] = call
    try {
      const value = this.#run(call)
      if (isPromise(value)) {
        value.then(
          (settled) => this.#answer(n, settled),
          (error: unknown) => this.#fail(n, error),
        )
      } else this.#answer(n, value)
    } catch (error) {
      this.#fail(n, error)
    }
  }

  /** Something went live. */
  tell({ entries, gap }: Run): void {
    if (this.#tail !== 'live') return
    if (this.#unsent > this.#primary.context.maxUnsent) {
      this.#tail = 'reading'
      return
    }
    const fresh = entries.filter(({ offset }) => offset > this.#offset)
    if (fresh.length > 0 || gap !== undefined) this.#push({ entries: fresh, gap })
  }

  end(): void {
    this.#ended = true
    this.#tail = 'off'
    for (const permit of this.#permits.values()) permit.release()
    this.#permits.clear()
  }

  /** The answer; undefined if there is none. */
  #run(call: Call): MaybePromise<unknown> {
    const primary = this.#primary
    switch (call[1]) {
      case 'append': {
        const [, , message, target, sourceId] = call
        const shorten = (entry: LogEntry) =>
          // The worker has the rest of an entry that it has just sent.
          entry.message === message ? { id: entry.id, offset: entry.offset } : entry
        const appended = primary.append(message, target, sourceId === null ? {} : { sourceId })
        return isPromise(appended) ? appended.then(shorten) : shorten(appended)
      }
      case 'since': {
        const [, , after, limit, maxBytes] = call
        const bounds = { limit, maxBytes: Math.min(maxBytes ?? PAGE_LENGTH, PAGE_LENGTH) }
        const page = primary.since(after, bounds)
        return isPromise(page) ? page.then(limitLength) : limitLength(page)
      }
      case 'head':
        return primary.head()
      case 'tail':
        return this.#primary.whenStarted(() => this.#join())
      case 'take':
        return this.#take(call[0], call[2], call[3])
      case 'release':
        this.#permits.get(call[0])?.release()
        this.#permits.delete(call[0])
        return undefined
    }
  }

  /** A second call begins the tail anew: the worker had given up the first one. */
  #join(): LogPosition {
    const { position } = this.#primary
    this.#runs = []
    this.#unsent -= this.#pending
    this.#pending = 0
    this.#hasPage = false
    this.#pageUnderway = false
    this.#joins++
    this.#tail = 'live'
    this.#offset = position.offset
    return position
  }

  #take(n: number, key: string, most: number): MaybePromise<boolean> {
    const taken = this.#primary.permits.take(key, most)
    return isPromise(taken) ? taken.then((permit) => this.#keep(n, permit)) : this.#keep(n, taken)
  }

  #keep(n: number, permit: Permit | undefined): boolean {
    if (permit === undefined) return false
    if (this.#ended) permit.release()
    else this.#permits.set(n, permit)
    return true
  }

  #push(run: Run): void {
    this.#runs.push(run)
    const length = measureEntries(run.entries)
    this.#pending += length
    this.#unsent += length
    this.#offset = run.entries.at(-1)?.offset ?? Math.max(this.#offset, run.gap?.to.offset ?? 0)
    this.#schedule()
  }

  #answer(n: number, value: unknown): void {
    if (value === undefined) return
    this.#answers.push([n, true, value])
    this.#schedule()
  }

  #fail(n: number, error: unknown): void {
    this.#answers.push([n, false, error instanceof Error ? error.message : String(error)])
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#ended) return
    this.#scheduled = true
    this.#primary.context.atEndOfTick(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#ended) return
    const answers = splitByLength(this.#answers, measureAnswer)
    const runs = joinRuns(this.#runs)
    const length = this.#pending
    const hasPage = this.#hasPage
    const joins = this.#joins
    this.#answers = []
    this.#runs = []
    this.#pending = 0
    this.#hasPage = false
    for (const some of answers.slice(0, -1)) this.#send({ answers: some, runs: [] }, () => {})
    this.#send({ answers: answers.at(-1) ?? [], runs }, () => {
      this.#unsent -= length
      if (hasPage && joins === this.#joins) this.#pageUnderway = false
      this.#readOn()
    })
  }

  #send(
    batch: { readonly answers: readonly Answer[]; readonly runs: readonly Run[] },
    sent: () => void,
  ): void {
    const { name } = this.#primary.context
    this.#channel.send({ rxsse: name, client: this.client, kind: 'batch', ...batch }, sent)
  }

  /** One page more for a worker that is behind and has read what it was sent. */
  #readOn(): void {
    if (this.#tail !== 'reading' || this.#pageUnderway || this.#unsent > 0) return
    this.#pageUnderway = true
    const { offset } = this.#primary.position
    const joins = this.#joins
    const read = (page: LogPage) => {
      if (joins === this.#joins) this.#sendPage(limitLength(page), offset)
    }
    const fail = (error: unknown) => this.#retry(error, joins)
    try {
      const page = this.#primary.since(this.#offset, PAGE)
      if (isPromise(page)) page.then(read).catch(fail)
      else read(page)
    } catch (error) {
      fail(error)
    }
  }

  /** `wasLive` is what was live when the page was asked for. */
  #sendPage({ entries, end, more, gap }: LogPage, wasLive: number): void {
    if (this.#tail !== 'reading') return
    const isLive = this.#primary.position.offset
    // A log that has lost its end never reaches what was live.
    if (!more && (end >= isLive || (entries.length === 0 && wasLive === isLive))) this.#tail = 'live'
    this.#hasPage = entries.length > 0 || gap !== undefined
    if (this.#hasPage) this.#push({ entries, gap })
    else {
      this.#pageUnderway = false
      this.#primary.context.atEndOfTick(() => this.#readOn())
    }
  }

  #retry(error: unknown, joins: number): void {
    const { onError, clock } = this.#primary.context
    if (this.#ended) return
    onError(error)
    clock.after(RETRY_MS, () => {
      if (joins !== this.#joins) return
      this.#pageUnderway = false
      this.#readOn()
    })
  }
}

const PAGE_LENGTH = 262_144
const PAGE = { limit: 256, maxBytes: PAGE_LENGTH }
const RETRY_MS = 1_000

/** Cuts a page that is long in characters, so that no message holds up the others for long. */
function limitLength(page: LogPage): LogPage {
  let length = 0
  const cut = page.entries.findIndex(({ message }, at) => {
    length += measureMessage(message)
    return at > 0 && length > PAGE_LENGTH
  })
  if (cut < 0) return page
  const entries = page.entries.slice(0, cut)
  return { ...page, entries, end: entries.at(-1)?.offset ?? page.end, more: true }
}

/** The entries of one tick as one run, if no gap is between them. */
function joinRuns(runs: readonly Run[]): Run[] {
  const joined: { gap?: Run['gap']; entries: LogEntry[] }[] = []
  for (const { gap, entries } of runs) {
    const last = joined.at(-1)
    if (last === undefined || gap !== undefined) joined.push({ gap, entries: [...entries] })
    else last.entries.push(...entries)
  }
  return joined
}
