import { type EncodedEvent, EventFrame } from '../wire/frame.ts'

/**
 * The events of a tick, as one audience sees them. Audiences that see the same sequence walk to the same
 * batch, so its frame is made once however many audiences, and connections, there are.
 */
export class Batch {
  readonly #parent: Batch | undefined
  readonly #event: EncodedEvent | undefined
  // Nearly always one continuation: everybody sees the next event too.
  #next: Batch | undefined
  #others: Map<EncodedEvent, Batch> | undefined
  #frame: EventFrame | undefined

  constructor(parent?: Batch, event?: EncodedEvent) {
    this.#parent = parent
    this.#event = event
  }

  /** The batch that has `event` after the events of this one. */
  with(event: EncodedEvent): Batch {
    if (this.#next === undefined) {
      this.#next = new Batch(this, event)
      return this.#next
    }
    if (this.#next.#event === event) return this.#next
    this.#others ??= new Map()
    let other = this.#others.get(event)
    if (other === undefined) {
      other = new Batch(this, event)
      this.#others.set(event, other)
    }
    return other
  }

  get frame(): EventFrame {
    this.#frame ??= new EventFrame(this.#events())
    return this.#frame
  }

  #events(): EncodedEvent[] {
    const events: EncodedEvent[] = []
    for (let at: Batch | undefined = this; at !== undefined; at = at.#parent) {
      if (at.#event !== undefined) events.push(at.#event)
    }
    return events.reverse()
  }
}
