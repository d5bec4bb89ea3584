import type { SseEvent } from '@rxsse/shared'
import { optionError } from '@rxsse/shared'
import { Observable, type Subscriber } from 'rxjs'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import { ANY, BOOLEAN, checkOptions, FUNCTION, type OptionChecks } from '../http/check-options.ts'
import { createErrorReporter } from '../sink/errors.ts'
import { resolveType } from '../sink/message.ts'
import { CheckedLog } from './checked-log.ts'
import { isForServers } from './disconnect-entry.ts'
import { createGapEvent } from './encode-entry.ts'
import type { EventLog, LogEntry, LogGap, LogTail } from './event-log.ts'

export interface FromLogOptions {
  /** An id to continue strictly after, or `'earliest'`. Default: what comes from now on. */
  readonly from?: string
  /** Goes on with new entries. Without it, the Observable completes at the end. Default true. */
  readonly follow?: boolean
  /** Called with the error of each malformed entry, which is left out. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
}

/**
 * The entries of a log as events, whose data is text. Nothing is lost or repeated between what the
 * log holds and what comes. If the log cannot continue after `from`, an event `gap` comes first, as
 * a client of a sink gets it.
 *
 * Emits: every entry, whatever its target. Completes: at the end, without `follow`. Errors: if the
 * log cannot be read, or is closed. Unsubscribes: the tail of the log is stopped; the log stays open.
 *
 * @throws TypeError if the log has no `tail` and `follow` is not false.
 */
export function fromLog(log: EventLog, options: FromLogOptions = {}): Observable<SseEvent> {
  const { follow = true } = checkOptions(options, CHECKS, 'fromLog: ')
  const onError = createErrorReporter(options.onError)
  if (options.from !== undefined && typeof options.from !== 'string') {
    throw optionError('fromLog: from', "an id or 'earliest'", options.from)
  }
  if (follow && log.tail === undefined) {
    throw new TypeError('fromLog: follow must be false for a log without a tail')
  }
  return new Observable((subscriber) => {
    const reader = new LogReader(new CheckedLog(log, onError), subscriber)
    reader.run(options.from, follow).catch((error: unknown) => subscriber.error(error))
  })
}

const CHECKS: OptionChecks<FromLogOptions> = { from: ANY, follow: BOOLEAN, onError: FUNCTION }

class LogReader {
  readonly #log: CheckedLog
  readonly #subscriber: Subscriber<SseEvent>
  /** What the tail brought since the current read began. Undefined if that was too much. */
  #delivered: (LogEntry | LogGap)[] | undefined = []
  #isLive = false
  #last = -1
  #lastId: string | undefined

  constructor(log: CheckedLog, subscriber: Subscriber<SseEvent>) {
    this.#log = log
    this.#subscriber = subscriber
  }

  async run(from: string | undefined, follow: boolean): Promise<void> {
    const start = follow ? await this.#startTail() : -1
    if (from !== undefined) await this.#readAll(from === 'earliest' ? 0 : from)
    else {
      this.#last = start
      // More came in the turn in which the tail began than is kept.
      if (this.#delivered === undefined) await this.#readAll(start)
    }
    if (!follow) {
      this.#subscriber.complete()
      return
    }
    this.#isLive = true
    for (const delivered of this.#delivered ?? []) this.#emit(delivered)
    this.#delivered = []
  }

  /** Resolves to the offset at which the tail starts. */
  async #startTail(): Promise<number> {
    const tail: LogTail = await this.#log.tail((entries, gap) => {
      for (const delivered of gap === undefined ? entries : [gap, ...entries]) this.#hear(delivered)
    })
    this.#subscriber.add(() => tail.stop())
    tail.onEnd?.((reason) => this.#subscriber.error(reason))
    return tail.position.offset
  }

  async #readAll(from: string | number): Promise<void> {
    for (let after = from, more = true; more && !this.#subscriber.closed; ) {
      this.#delivered = []
      const page = await this.#log.since(after, PAGE)
      // Everything is new to who asks for the earliest.
      if (page.gap !== undefined && (after !== 0 || this.#last === 0)) {
        // The log was asked by an offset, which may belong to no id any more.
        const known = typeof after === 'number' ? this.#lastId : undefined
        this.#emit({ ...page.gap, from: known ?? page.gap.from })
      }
      for (const entry of page.entries) this.#emit(entry)
      this.#last = Math.max(this.#last, page.end)
      after = page.end
      more = page.more || this.#delivered === undefined
      // Others get a turn between two pages.
      if (more) await new Promise<void>(runAtEndOfTick)
    }
  }

  #hear(delivered: LogEntry | LogGap): void {
    if (this.#isLive) this.#emit(delivered)
    else if (this.#delivered !== undefined && this.#delivered.push(delivered) > PAGE.limit) {
      this.#delivered = undefined
    }
  }

  #emit(delivered: LogEntry | LogGap): void {
    if ('reason' in delivered) {
      if (delivered.to.offset < this.#last) return
      this.#last = delivered.to.offset
      this.#lastId = delivered.to.id
      this.#subscriber.next(createGapEvent(delivered))
      return
    }
    if (delivered.offset <= this.#last) return
    this.#last = delivered.offset
    this.#lastId = delivered.id
    const { message, id } = delivered
    if (isForServers(message)) return
    this.#subscriber.next({ type: resolveType(message.type), data: message.data, lastEventId: id })
  }
}

const PAGE = { limit: 256, maxBytes: 262_144 }
