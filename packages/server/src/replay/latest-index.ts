import type { Clock } from '../connection/clock.ts'
import type { CheckedLog } from '../log/checked-log.ts'
import type { LogEntry, LogGap, LoggedMessage, LogPage, LogPosition } from '../log/event-log.ts'
import { requireOptionalText } from '../sink/callbacks.ts'
import type { EncodedEvent } from '../wire/frame.ts'
import { LatestEntries, weighEntry } from './latest-entries.ts'
import { LatestView, type Viewer, type ViewPiece } from './latest-view.ts'
import { RecentMap } from './recent-map.ts'
import type { ReplayQueue } from './replay-queue.ts'
import type { Sequencer } from './sequencer.ts'

export type FindKey = (message: LoggedMessage) => string | undefined

export interface LatestIndexHost {
  readonly log: CheckedLog
  readonly sequencer: Sequencer
  readonly queue: ReplayQueue
  readonly clock: Clock
  /** The bytes of a page of the log. */
  readonly pageBytes: number
  /** Never throws. */
  readonly onError: (error: unknown) => void
}

/** What becomes of a newcomer. One of these is called, unless the request is cancelled. */
export interface LatestRequest {
  readonly viewer: Viewer
  use(view: LatestView): void
  /** The index would take too much memory. */
  withoutIndex(): void
  fail(error: unknown): void
}

type State = 'empty' | 'loading' | 'ready'

/**
 * The latest entry of each key that the log holds, for each topic and target, so that every newcomer
 * finds the latest that it may see. The log is read once, however many newcomers come. After that, the
 * index hears of each entry that is delivered.
 */
export class LatestIndex {
  readonly #host: LatestIndexHost
  readonly #findKey: FindKey
  readonly #maxBytes: number
  #state: State = 'empty'
  readonly #entries = new LatestEntries()
  /** Delivered while the log is read. They come after what is read. */
  #delivered: LogEntry[] = []
  #deliveredBytes = 0
  #requests = new Set<LatestRequest>()
  #cancelStep = () => {}
  #stopListening = () => {}
  /** The log has deleted its entries up to this offset, as of the time it had reached `floorAsOf`. */
  #floor = 0
  #floorAsOf: number | undefined
  #tooLargeUntil = Number.NEGATIVE_INFINITY
  /** The views of this moment, by group, and all that are still being sent. */
  readonly #current = new Map<string, LatestView>()
  readonly #sending = new Set<LatestView>()
  readonly #pieces = new RecentMap<ViewPiece>(MAX_PIECE_BYTES, LIFETIME_MS, ({ frame }) => frame.bytes.length)
  #isAnswering = false

  constructor(findKey: FindKey, maxBytes: number, host: LatestIndexHost) {
    this.#findKey = findKey
    this.#maxBytes = maxBytes
    this.#host = host
  }

  /** Finds the view of a newcomer, in a turn of the queue. Returns a function that cancels it. */
  ask(request: LatestRequest): () => void {
    if (this.#host.clock.now() < this.#tooLargeUntil) {
      request.withoutIndex()
      return () => {}
    }
    this.#requests.add(request)
    if (this.#state === 'empty') this.#load()
    else if (this.#state === 'ready' && !this.#isAnswering) this.#answer()
    return () => this.#requests.delete(request)
  }

  /** A view has been sent, or its client has left. */
  release(view: LatestView): void {
    if (view.release()) this.#sending.delete(view)
  }

  /** The part of a view from an entry on, encoded once for those who come together. */
  piece(view: LatestView, from: number): ViewPiece {
    const name = `${view.number} ${from}`
    const known = this.#pieces.get(name)
    if (known !== undefined) return known
    const piece = view.encode(from)
    this.#pieces.set(name, piece)
    return piece
  }

  /** What is delivered from now on is heard. Before, the log has it. */
  #load(): void {
    const { queue, sequencer, log } = this.#host
    this.#state = 'loading'
    this.#clear()
    this.#stopListening()
    this.#stopListening = sequencer.listen((delivered, event) => this.#hear(delivered, event))
    const { offset } = sequencer
    if (offset !== undefined) this.#readPage(0, offset)
    else {
      this.#cancelStep = queue.add<LogPosition>({
        read: () => log.head(),
        use: (head) => this.#readPage(0, head.offset),
        fail: (error) => this.#fail(error),
      })
    }
  }

  #readPage(after: number, upTo: number): void {
    const { log, queue, pageBytes } = this.#host
    this.#cancelStep = queue.add<LogPage>({
      read: () => log.since(after, { limit: PAGE_ENTRIES, maxBytes: pageBytes }),
      use: (page) => {
        if (after === 0) this.#noteFloor(page, upTo)
        for (const entry of page.entries) if (entry.offset <= upTo) this.#note(entry)
        if (this.#state !== 'loading') return
        if (page.more && page.end < upTo) this.#readPage(page.end, upTo)
        else this.#finishLoading()
      },
      fail: (error) => this.#fail(error),
    })
  }

  #finishLoading(): void {
    this.#state = 'ready'
    const delivered = this.#delivered
    this.#delivered = []
    this.#deliveredBytes = 0
    for (const entry of delivered) this.#note(entry)
    if (this.#state === 'ready') this.#answer()
  }

  /** Entries that the log has deleted meanwhile are not sent. One read tells all who wait. */
  #answer(): void {
    const { log, queue, sequencer } = this.#host
    this.#isAnswering = true
    const asOf = sequencer.offset
    this.#cancelStep = queue.add<LogPage | undefined>({
      read: () => (asOf === this.#floorAsOf ? undefined : log.since(0, { limit: 1, maxBytes: 1 })),
      use: (page) => {
        if (page !== undefined) this.#noteFloor(page, asOf)
        this.#entries.prune(this.#floor)
        this.#answerNext()
      },
      fail: (error) => this.#fail(error),
    })
  }

  /** One newcomer a step, so that others go between. */
  #answerNext(): void {
    for (const request of this.#requests) {
      this.#requests.delete(request)
      const view = this.#createView(request.viewer)
      this.#sending.add(view.acquire())
      request.use(view)
      break
    }
    this.#isAnswering = this.#requests.size > 0
    if (!this.#isAnswering) return
    const isCurrent = this.#floorAsOf === this.#host.sequencer.offset
    if (!isCurrent) this.#answer()
    else {
      this.#cancelStep = this.#host.queue.add({
        read: () => undefined,
        use: () => this.#answerNext(),
        fail: (error) => this.#fail(error),
      })
    }
  }

  #createView(viewer: Viewer): LatestView {
    const known = this.#current.get(viewer.key)
    if (known !== undefined) return known
    const view = new LatestView(this.#entries.select(viewer), this.#host.sequencer.offset ?? 0)
    if (this.#current.size >= MAX_CURRENT) this.#current.clear()
    this.#current.set(viewer.key, view)
    return view
  }

  #hear(delivered: LogEntry | LogGap, event: EncodedEvent | undefined): void {
    this.#current.clear()
    if (this.#sending.size === 0) this.#pieces.clear()
    if ('reason' in delivered) {
      for (const view of this.#sending) view.lose()
      this.#restart()
      return
    }
    for (const view of this.#sending) view.hear(delivered, event)
    if (event === undefined) return
    if (this.#state === 'ready') {
      this.#note(delivered)
      return
    }
    this.#delivered.push(delivered)
    this.#deliveredBytes += weighEntry(delivered)
    this.#checkSize()
  }

  /** The log has lost entries, so it is read again when somebody asks. */
  #restart(): void {
    this.#cancelStep()
    this.#state = 'empty'
    this.#clear()
    if (this.#requests.size > 0) this.#load()
    else this.#stopListening()
  }

  #note(entry: LogEntry): void {
    const { sequencer, onError } = this.#host
    if (this.#state === 'empty' || !sequencer.passes(entry.message)) return
    const key = findSafely(this.#findKey, entry.message, onError)
    if (key === undefined) return
    this.#entries.set(key, entry)
    this.#checkSize()
  }

  #checkSize(): void {
    if (this.#entries.bytes + this.#deliveredBytes <= this.#maxBytes) return
    this.#tooLargeUntil = this.#host.clock.now() + TOO_LARGE_MS
    for (const request of this.#end()) request.withoutIndex()
  }

  #noteFloor({ gap, entries: [first], end, more }: LogPage, asOf: number | undefined): void {
    const before = first === undefined ? (more ? 0 : end) : first.offset - 1
    this.#floor = Math.max(gap?.to.offset ?? 0, before)
    this.#floorAsOf = asOf
  }

  #fail(error: unknown): void {
    for (const request of this.#end()) request.fail(error)
  }

  /** Keeps nothing. Returns the requests that wait. */
  #end(): Set<LatestRequest> {
    const requests = this.#requests
    this.#requests = new Set()
    this.#cancelStep()
    this.#stopListening()
    for (const view of this.#sending) view.lose()
    this.#state = 'empty'
    this.#clear()
    return requests
  }

  #clear(): void {
    this.#entries.clear()
    this.#delivered = []
    this.#deliveredBytes = 0
    this.#current.clear()
    this.#pieces.clear()
    this.#floorAsOf = undefined
    this.#isAnswering = false
  }
}

const PAGE_ENTRIES = 256

/** Views of one moment to keep. */
const MAX_CURRENT = 64

/** Encoded pieces to keep: their bytes, and for how long. */
const MAX_PIECE_BYTES = 8_388_608
const LIFETIME_MS = 30_000

/** After this time, the index is tried again. */
const TOO_LARGE_MS = 60_000

/** A message whose key cannot be found is left out, so that it costs newcomers no other one. */
export function findSafely(
  findKey: FindKey,
  message: LoggedMessage,
  onError: (error: unknown) => void,
): string | undefined {
  try {
    return requireOptionalText(findKey(message), 'newcomers.latestByKey')
  } catch (error) {
    onError(error)
    return undefined
  }
}
