import { type EncodedEvent, EventFrame } from '../wire/frame.ts'

export interface SendQueueBounds {
  readonly maxMessages: number
  readonly maxBytes: number
}

/**
 * The events that wait for a client that is behind, oldest first. If they are coalesced, the newest
 * message of each key stays however large it is, and the number of messages is the only bound.
 */
export class SendQueue {
  readonly #bounds: SendQueueBounds
  readonly #coalesces: boolean
  // A Map keeps the order of insertion. An event without a key is its own key.
  readonly #events = new Map<string | EncodedEvent, EncodedEvent>()
  #messages = 0
  /** Bytes of the events, without those that are coalesced. */
  #bytes = 0

  constructor(bounds: SendQueueBounds, coalesces: boolean) {
    this.#bounds = bounds
    this.#coalesces = coalesces
  }

  get overflows(): boolean {
    return this.#messages > this.#bounds.maxMessages || this.#bytes > this.#bounds.maxBytes
  }

  /**
   * Returns whether the event replaced a waiting one with its key. The newer event goes to the
   * end, so that ids stay in order.
   */
  push(event: EncodedEvent): boolean {
    const key = (this.#coalesces ? event.key : undefined) ?? event
    const replaced = this.#remove(key) !== undefined
    this.#events.set(key, event)
    if (event.isMessage) this.#messages++
    if (key === event) this.#bytes += event.bytes.length
    return replaced
  }

  /**
   * Drops the oldest messages until the rest fits. Returns how many it dropped. Events of the sink
   * itself, such as gaps, are small and stay.
   */
  trim(): number {
    let dropped = 0
    for (const [key, event] of this.#events) {
      if (!this.overflows) break
      if (!event.isMessage) continue
      if (key !== event && this.#messages <= this.#bounds.maxMessages) continue
      this.#remove(key)
      dropped++
    }
    return dropped
  }

  /** Takes the oldest events: about `size` bytes and at least one. Undefined if none waits. */
  take(size: number): EventFrame | undefined {
    if (this.#events.size === 0) return undefined
    const events: EncodedEvent[] = []
    let taken = 0
    for (const [key, event] of this.#events) {
      if (taken >= size) break
      this.#remove(key)
      events.push(event)
      taken += event.bytes.length
    }
    return new EventFrame(events)
  }

  #remove(key: string | EncodedEvent): EncodedEvent | undefined {
    const event = this.#events.get(key)
    if (event === undefined) return undefined
    this.#events.delete(key)
    if (event.isMessage) this.#messages--
    if (key === event) this.#bytes -= event.bytes.length
    return event
  }
}
