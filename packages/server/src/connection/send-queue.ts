import { type Linked, LinkedList } from '@rxsse/shared'
import { type EncodedEvent, EventFrame } from '../wire/frame.ts'

export interface SendQueueBounds {
  readonly maxMessages: number
  readonly maxBytes: number
}

/** An event that waits. */
interface Waiting extends Linked<Waiting> {
  readonly event: EncodedEvent
  /** Its key, if the newest event of each key stays. */
  readonly key: string | undefined
}

/**
 * The events that wait for a client that is behind, oldest first. If they are coalesced, the newest
 * message of each key stays however large it is, and the number of messages is the only bound.
 */
export class SendQueue {
  readonly #bounds: SendQueueBounds
  readonly #coalesces: boolean
  readonly #waiting = new LinkedList<Waiting>()
  /** Those with a key. */
  readonly #byKey = new Map<string, Waiting>()
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
    const key = this.#coalesces ? event.key : undefined
    const earlier = key === undefined ? undefined : this.#byKey.get(key)
    if (earlier !== undefined) this.#delete(earlier)
    const waiting: Waiting = { event, key, before: undefined, after: undefined }
    this.#waiting.push(waiting)
    if (key === undefined) this.#bytes += event.bytes.length
    else this.#byKey.set(key, waiting)
    if (event.isMessage) this.#messages++
    return earlier !== undefined
  }

  /**
   * Drops the oldest messages until the rest fits. Returns how many it dropped. Events of the sink
   * itself, such as gaps, are small and stay.
   */
  trim(): number {
    let dropped = 0
    let next = this.#waiting.first
    while (next !== undefined && this.overflows) {
      const { event, key, after } = next
      if (event.isMessage && (key === undefined || this.#messages > this.#bounds.maxMessages)) {
        this.#delete(next)
        dropped++
      }
      next = after
    }
    return dropped
  }

  /** Takes the oldest events: about `size` bytes and at least one. Undefined if none waits. */
  take(size: number): EventFrame | undefined {
    const events: EncodedEvent[] = []
    let taken = 0
    for (let next = this.#waiting.first; next !== undefined && taken < size; next = this.#waiting.first) {
      this.#delete(next)
      events.push(next.event)
      taken += next.event.bytes.length
    }
    return events.length === 0 ? undefined : new EventFrame(events)
  }

  #delete(waiting: Waiting): void {
    const { event, key } = waiting
    this.#waiting.delete(waiting)
    if (key === undefined) this.#bytes -= event.bytes.length
    else this.#byKey.delete(key)
    if (event.isMessage) this.#messages--
  }
}
