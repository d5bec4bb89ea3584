import { isPromise, type MaybePromise } from '@rxsse/shared'
import type { Target } from '../sink/message.ts'
import { findEntryFault, findGapFault, isOffset, isPosition } from './check-entry.ts'
import { orderEntries } from './entry-order.ts'
import type {
  AppendOptions,
  EventLog,
  LogEntry,
  LogGap,
  LoggedMessage,
  LogPage,
  LogPosition,
  LogTail,
  PageBounds,
  TailListener,
} from './event-log.ts'

/** An entry that was left out. It is malformed, so it cannot be sent. */
export class LogEntryError extends Error {
  override readonly name = 'LogEntryError'
  /** The entry as the log gave it. */
  readonly entry: unknown

  constructor(entry: unknown, fault: string) {
    super(`an entry of the event log${describePlace(entry)} is left out: ${fault}`)
    this.entry = entry
  }
}

/**
 * A log whose content is checked like input from outside. A malformed entry is left out and told
 * once; the entries around it are not affected. Pages stay within their bounds, whatever the log
 * returns.
 */
export class CheckedLog {
  readonly #log: EventLog
  readonly #onRefused: (error: LogEntryError) => void
  /** The refused entries, so that each is told once, however often it is read. */
  readonly #refused = new Set<string>()

  constructor(log: EventLog, onRefused: (error: LogEntryError) => void) {
    this.#log = log
    this.#onRefused = onRefused
  }

  get hasTail(): boolean {
    return this.#log.tail !== undefined
  }

  /** Throws or rejects if the log does not take the message, or says so in a wrong way. */
  append(message: LoggedMessage, target: Target, options: AppendOptions): MaybePromise<LogEntry> {
    const appended = this.#log.append(message, target, options)
    return isPromise(appended) ? appended.then(check) : check(appended)

    function check(entry: LogEntry): LogEntry {
      const given = Object(entry) as LogEntry
      const isOwn = given.message === message && given.target === target && isPosition(given)
      const fault = isOwn ? undefined : findEntryFault(entry)
      if (fault === undefined) return entry
      throw new LogEntryError(entry, fault)
    }
  }

  /** A page within the bounds, which has at least one entry of the log if there is one. */
  since(after: string | number, bounds: Required<PageBounds>): MaybePromise<LogPage> {
    const page = this.#log.since(after, bounds)
    return isPromise(page)
      ? page.then((ready) => this.#checkPage(ready, after, bounds))
      : this.#checkPage(page, after, bounds)
  }

  head(): MaybePromise<LogPosition> {
    const head = this.#log.head()
    return isPromise(head) ? head.then(checkPosition) : checkPosition(head)
  }

  tail(listener: TailListener): MaybePromise<LogTail> {
    let last = -1
    let beforeLast = -1
    const tail = this.#log.tail?.((entries, gap) => {
      const checkedGap = gap === undefined || !this.#acceptsGap(gap) ? undefined : gap
      if (checkedGap !== undefined) {
        last = checkedGap.to.offset
        beforeLast = last
      }
      const checked = this.#check(Array.isArray(entries) ? entries : [entries], beforeLast)
      // Either the last one was too far ahead or the first one comes again. Only that one can be told.
      while (checked[0]?.offset === last) this.#refuse(checked.shift(), OUT_OF_ORDER)
      for (const { offset } of checked) {
        if (offset > last) beforeLast = last
        last = offset
      }
      if (checked.length > 0 || checkedGap !== undefined) listener(checked, checkedGap)
    })
    return isPromise(tail) ? tail.then(checkTail) : checkTail(tail)
  }

  close(): MaybePromise<void> {
    return this.#log.close()
  }

  #checkPage(page: LogPage, after: string | number, { limit, maxBytes }: Required<PageBounds>): LogPage {
    if (typeof page !== 'object' || page === null || !Array.isArray(page.entries)) {
      throw new TypeError('the event log returned something other than a page')
    }
    const gap = page.gap === undefined || page.gap === null ? undefined : page.gap
    const gapFault = gap === undefined ? undefined : findGapFault(gap)
    if (gapFault !== undefined) throw new TypeError(`the event log returned a wrong gap: ${gapFault}`)
    const start = gap?.to.offset ?? (typeof after === 'number' ? after : -1)
    const end = isOffset(page.end) ? page.end : undefined
    const checked = this.#check(page.entries, start, end)
    let bytes = 0
    const cut = checked.findIndex(({ message }, index) => {
      const isOver = index >= limit || bytes >= maxBytes
      bytes += message.data.length
      return isOver
    })
    const entries = cut < 0 ? checked : checked.slice(0, cut)
    const reached = Math.max(entries.at(-1)?.offset ?? start, cut < 0 ? (end ?? start) : start)
    const more = cut >= 0 || page.more === true
    // Such a page would be read for ever.
    if (reached < 0 || (more && reached <= start)) {
      throw new TypeError('the event log returned a page that ends where it begins, and says there is more')
    }
    return { entries, end: reached, more, gap }
  }

  /** The sound entries, in order. */
  #check(entries: readonly LogEntry[], after: number, end: number = Number.POSITIVE_INFINITY): LogEntry[] {
    const sound = entries.filter((entry) => {
      const fault = findEntryFault(entry)
      if (fault !== undefined) this.#refuse(entry, fault)
      return fault === undefined
    })
    const { inOrder, outOfOrder } = orderEntries(sound, after, end)
    for (const entry of outOfOrder) this.#refuse(entry, OUT_OF_ORDER)
    return inOrder
  }

  #acceptsGap(gap: LogGap): boolean {
    const fault = findGapFault(gap)
    if (fault !== undefined) this.#refuse(gap, `as a gap, ${fault}`)
    return fault === undefined
  }

  #refuse(entry: unknown, fault: string): void {
    const error = new LogEntryError(entry, fault)
    const key = error.message + describeContent(entry)
    if (this.#refused.has(key)) return
    this.#refused.add(key)
    if (this.#refused.size > MAX_REFUSED) {
      for (const oldest of this.#refused) {
        this.#refused.delete(oldest)
        break
      }
    }
    this.#onRefused(error)
  }
}

/** Refused entries to remember. */
const MAX_REFUSED = 1_000

const OUT_OF_ORDER = 'its offset does not fit those around it'

function checkPosition(position: LogPosition): LogPosition {
  if (isPosition(position)) return position
  throw new TypeError('the event log returned something other than a position')
}

function checkTail(tail: LogTail | undefined): LogTail {
  checkPosition(Object(tail).position)
  return tail as LogTail
}

/** Where the entry is, as far as the log says. */
function describePlace(entry: unknown): string {
  const { id, offset }: { id?: unknown; offset?: unknown } = Object(entry)
  if (typeof id === 'string') return ` with id ${JSON.stringify(id.slice(0, 100))}`
  return typeof offset === 'number' ? ` at offset ${offset}` : ''
}

/** Tells entries without an id from one another. */
function describeContent(entry: unknown): string {
  try {
    return JSON.stringify(entry)?.slice(0, 200) ?? typeof entry
  } catch {
    return typeof entry
  }
}
