import type { SseMessage } from '@rxsse/shared'
import type { Observer } from 'rxjs'
import type { Connection } from '../connection/connection.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import type { SlowClientRules } from '../connection/slow-client.ts'
import { withOwnId } from '../sink/message.ts'
import type { Counters } from '../sink/stats.ts'
import { encodeMessage } from '../wire/encode.ts'
import { EncodedEvent, EventFrame } from '../wire/frame.ts'
import { toWireMessage } from '../wire/message.ts'

export interface PipelineSubscriberHost {
  readonly counters: Counters
  readonly slowClient: SlowClientRules
  readonly errorMessage: ((error: unknown) => SseMessage) | undefined
  readonly onError: (error: unknown) => void
}

/** How a pipeline ended. */
type Outcome = { readonly completed: true } | { readonly error: unknown }

/** Sends one pipeline to one connection, which may open after the pipeline's first events. */
export class PipelineSubscriber<M extends SseMessage> implements Observer<M> {
  /** Resolves at the first event, or at the end. */
  readonly begun: Promise<void>
  readonly #host: PipelineSubscriberHost
  #begin!: () => void
  #connection: Connection | undefined
  #waiting: EncodedEvent[] = []
  #scheduled = false
  #cursor = ''
  #emitted = false
  #outcome: Outcome | undefined

  constructor(host: PipelineSubscriberHost) {
    this.#host = host
    this.begun = new Promise((resolve) => {
      this.#begin = resolve
    })
  }

  get hasBegun(): boolean {
    return this.#emitted || this.#outcome !== undefined
  }

  /** How the pipeline ended, if it did so without an event. */
  get outcomeBeforeFirst(): Outcome | undefined {
    return this.#emitted ? undefined : this.#outcome
  }

  /** Never throws: RxJS would report it as uncaught. A bad message ends the stream. */
  next(message: M): void {
    if (this.#outcome !== undefined) return
    try {
      const { sent, lastEventId } = withOwnId(message, this.#cursor)
      this.#cursor = lastEventId
      this.#push(new EncodedEvent(encodeMessage(toWireMessage(sent)), true, this.#host.slowClient.key(sent)))
      this.#host.counters.published++
    } catch (error) {
      this.#host.counters.rejected++
      this.error(error)
    }
  }

  error(error: unknown): void {
    if (this.#outcome !== undefined) return
    const { counters, onError, errorMessage } = this.#host
    counters.sourceErrors++
    this.#end({ error })
    try {
      onError(error)
      if (errorMessage === undefined || !this.#emitted) return
      this.#waiting.push(new EncodedEvent(encodeMessage(toWireMessage(errorMessage(error)))))
    } catch (thrown) {
      console.error(thrown)
    }
  }

  complete(): void {
    this.#end({ completed: true })
  }

  /** Sends `opening`, then the events that have come so far, then the rest as it comes. */
  connect(connection: Connection, opening: string): void {
    this.#connection = connection
    this.#waiting.unshift(new EncodedEvent(opening))
    this.flush()
  }

  /** Sends the events of the tick. */
  flush(): void {
    this.#scheduled = false
    const connection = this.#connection
    if (connection === undefined) return
    if (this.#waiting.length > 0) connection.send(new EventFrame(this.#waiting))
    this.#waiting = []
    if (this.#outcome !== undefined) connection.end()
  }

  #push(event: EncodedEvent): void {
    this.#waiting.push(event)
    this.#emitted = true
    this.#begin()
    this.#schedule()
  }

  #end(outcome: Outcome): void {
    this.#outcome = outcome
    this.#begin()
    this.#schedule()
  }

  /** One write for all events of a tick. */
  #schedule(): void {
    if (this.#connection === undefined || this.#scheduled) return
    this.#scheduled = true
    runAtEndOfTick(() => this.flush())
  }
}
