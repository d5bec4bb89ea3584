import type { SseEvent } from '@rxsse/shared'
import { History, type HistoryLimits } from './history.ts'
import { type Entry, nextPosition, type Position } from './protocol.ts'
import type { TabPort } from './tab-port.ts'

/** A tab's place in the stream, and the last steps to there. Only here is anything delivered. */
export class Place {
  readonly tab: string
  readonly limits: HistoryLimits
  readonly #port: TabPort
  #position: Position | undefined
  #history: History
  #closed = false

  constructor(tab: string, port: TabPort, limits: HistoryLimits) {
    this.tab = tab
    this.#port = port
    this.limits = limits
    this.#history = new History(startPosition(''), limits)
  }

  /** Undefined until the tab has a place. */
  get position(): Position | undefined {
    return this.#position
  }

  get history(): History {
    return this.#history
  }

  /** Goes to a position without the steps to there. */
  moveTo(position: Position): void {
    this.#position = position
    this.#history = new History(position, this.limits)
  }

  /** The step that an event, or a new ID, of this tab's connection is. `term` is the holder's, or a name for a catching up. */
  next(term: string, id: string, event?: SseEvent): Entry {
    const at = nextPosition(this.#position ?? startPosition(term), id, term)
    return event ? { at, event } : { at }
  }

  accept(entry: Entry): void {
    if (this.#closed) return
    const { at, event } = entry
    const moved = at.id !== this.#position?.id
    this.#position = at
    this.#history.add(entry)
    if (event) this.#port.deliver(event)
    // The event's observer may have left.
    if (moved && !this.#closed) this.#port.tellCursor(at.id)
  }

  /** Nothing is delivered any more. */
  close(): void {
    this.#closed = true
  }

  /** Tells that events may be lost if the connection changes here. */
  warnLoss(): void {
    const message = 'the connection changed, and without an ID the server cannot resume'
    if (this.#position?.id === '' && !this.#closed)
      this.#port.tellNews({ kind: 'warning', warning: { code: 'hand-over', message } })
  }
}

/** Where a connection of `term` starts as a new client. */
export function startPosition(term: string): Position {
  return { id: '', term, count: 0 }
}
