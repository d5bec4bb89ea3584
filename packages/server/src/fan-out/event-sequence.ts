import { type EncodedEvent, EventFrame } from '../wire/frame.ts'

/**
 * The events of a tick that a group sees, as a node of a prefix tree. Groups that see the same
 * events reach the same node, so their frame is built once.
 */
export class EventSequence {
  readonly #parent: EventSequence | undefined
  readonly #event: EncodedEvent | undefined
  // Nearly always the only child, because most groups see the next event too.
  #firstChild: EventSequence | undefined
  #otherChildren: Map<EncodedEvent, EventSequence> | undefined
  #frame: EventFrame | undefined

  constructor(parent?: EventSequence, event?: EncodedEvent) {
    this.#parent = parent
    this.#event = event
  }

  /** The sequence of these events and one more. */
  append(event: EncodedEvent): EventSequence {
    if (this.#firstChild === undefined) {
      this.#firstChild = new EventSequence(this, event)
      return this.#firstChild
    }
    if (this.#firstChild.#event === event) return this.#firstChild
    this.#otherChildren ??= new Map()
    let child = this.#otherChildren.get(event)
    if (child === undefined) {
      child = new EventSequence(this, event)
      this.#otherChildren.set(event, child)
    }
    return child
  }

  get frame(): EventFrame {
    this.#frame ??= new EventFrame(this.#events())
    return this.#frame
  }

  #events(): EncodedEvent[] {
    const events: EncodedEvent[] = []
    for (let node: EventSequence | undefined = this; node !== undefined; node = node.#parent) {
      if (node.#event !== undefined) events.push(node.#event)
    }
    return events.reverse()
  }
}
