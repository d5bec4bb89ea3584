import { type EncodedEvent, EventFrame } from '../wire/frame.ts'

export interface BacklogBounds {
  readonly maxMessages: number
  readonly maxBytes: number
}

/**
 * What waits for a client that is behind: references to events that all share, oldest first. Where it
 * coalesces, an event takes the permit of a waiting one with its key.
 */
export class Backlog {
  readonly #bounds: BacklogBounds
  readonly #coalesces: boolean
  // A Map keeps the order of insertion; an event without a key is its own.
  readonly #waiting = new Map<string | EncodedEvent, EncodedEvent>()
  #messages = 0
  #bytes = 0

  constructor(bounds: BacklogBounds, coalesces: boolean) {
    this.#bounds = bounds
    this.#coalesces = coalesces
  }

  get overflows(): boolean {
    return this.#messages > this.#bounds.maxMessages || this.#bytes > this.#bounds.maxBytes
  }

  /** Says whether a waiting event was replaced. The newer one goes to the end, so that ids stay in order. */
  push(event: EncodedEvent): boolean {
    const key = (this.#coalesces ? event.key : undefined) ?? event
    const replaced = this.#remove(key) !== undefined
    this.#waiting.set(key, event)
    if (event.counted) this.#messages++
    this.#bytes += event.bytes.length
    return replaced
  }

  /**
   * Drops the oldest messages until the rest is within bounds; returns how many they were. What the sink itself has to
   * say, of a gap say, is little and stays.
   */
  trim(): number {
    let dropped = 0
    for (const [key, event] of this.#waiting) {
      if (!this.overflows) break
      if (!event.counted) continue
      this.#remove(key)
      dropped++
    }
    return dropped
  }

  /** Takes the oldest events, about `size` bytes of them and at least one; undefined where none waits. */
  take(size: number): EventFrame | undefined {
    if (this.#waiting.size === 0) return undefined
    const events: EncodedEvent[] = []
    let taken = 0
    for (const [key, event] of this.#waiting) {
      if (taken >= size) break
      this.#remove(key)
      events.push(event)
      taken += event.bytes.length
    }
    return new EventFrame(events)
  }

  #remove(key: string | EncodedEvent): EncodedEvent | undefined {
    const event = this.#waiting.get(key)
    if (event === undefined) return undefined
    this.#waiting.delete(key)
    if (event.counted) this.#messages--
    this.#bytes -= event.bytes.length
    return event
  }
}
