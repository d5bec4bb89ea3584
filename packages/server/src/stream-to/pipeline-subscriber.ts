import type { SseMessage } from '@rxsse/shared'
import type { Observer } from 'rxjs'
import type { Connection } from '../connection/connection.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import type { SlowClientRules } from '../connection/slow-client.ts'
import { requireMessage } from '../sink/callbacks.ts'
import { withOwnId } from '../sink/message.ts'
import type { Counters } from '../sink/stats.ts'
import { encodeMessage } from '../wire/encode.ts'
import { EncodedEvent, EventFrame } from '../wire/frame.ts'
import { toWireMessage } from '../wire/message.ts'

export interface PipelineSubscriberHost {
  readonly counters: Counters
  readonly slowClient: SlowClientRules
  readonly errorMessage: ((error: unknown) => SseMessage) | undefined
  /** Called with true when the client falls behind, and with false when it has caught up. */
  readonly setBehind: (behind: boolean) => void
  /** Never throws. */
  readonly onError: (error: unknown) => void
}

/** How a pipeline ended. It is `cut` if the endpoint closed before. */
type Outcome = { readonly as: 'completed' | 'cut' } | { readonly as: 'failed'; readonly error: unknown }

/** Sends one pipeline to one connection, which may open after the pipeline's first events. */
export class PipelineSubscriber<M extends SseMessage> implements Observer<M> {
  /** Resolves at the first event, or at the end. */
  readonly begun: Promise<void>
  readonly #host: PipelineSubscriberHost
  #begin!: () => void
  #connection: Connection | undefined
  #waiting: EncodedEvent[] = []
  #waitingLength = 0
  #scheduled = false
  #cursor = ''
  #emitted = false
  #hasHead = false
  #outcome: Outcome | undefined
  /** The client has left. What the pipeline emits goes nowhere. */
  #abandoned = false
  #onRoom: (() => void) | undefined

  constructor(host: PipelineSubscriberHost) {
    this.#host = host
    this.begun = new Promise((resolve) => {
      this.#begin = resolve
    })
  }

  get hasBegun(): boolean {
    return this.#emitted || this.hasEnded
  }

  get hasEnded(): boolean {
    return this.#outcome !== undefined
  }

  /**
   * How the pipeline ended, if it did so without an event. Otherwise the head of a stream is sent, and
   * an error comes after it.
   */
  takeOutcomeBeforeHead(): Outcome | undefined {
    const outcome = this.#emitted ? undefined : this.#outcome
    this.#hasHead = outcome === undefined
    return outcome
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

  /** The body is cut, so that half an answer does not look like a whole one. */
  error(error: unknown): void {
    if (this.#outcome !== undefined) return
    const { counters, onError, errorMessage } = this.#host
    counters.sourceErrors++
    this.#end({ as: 'failed', error })
    onError(error)
    if (errorMessage === undefined || !(this.#emitted || this.#hasHead)) return
    try {
      const message = requireMessage(errorMessage(error), 'errorMessage')
      this.#waiting.push(new EncodedEvent(encodeMessage(toWireMessage(message))))
    } catch (thrown) {
      onError(thrown)
    }
  }

  complete(): void {
    if (this.#outcome === undefined) this.#end({ as: 'completed' })
  }

  /** Sends what the pipeline has emitted, and cuts the body. */
  cut(): void {
    if (this.#outcome === undefined) this.#end({ as: 'cut' })
    this.flush()
  }

  /** Sends the events that have come so far, after `opening`, then the rest as it comes. */
  connect(connection: Connection, opening: string): void {
    this.#connection = connection
    if (opening !== '') this.#waiting.unshift(new EncodedEvent(opening))
    this.flush()
  }

  /** The client has left. */
  abandon(): void {
    this.#abandoned = true
    this.#waiting = []
    this.#waitingLength = 0
    this.#makeRoom()
  }

  /** Resolves when the client takes more. Undefined if it does now. */
  whenRoom(): Promise<void> | undefined {
    const connection = this.#connection
    if (this.#abandoned) return new Promise(runAtEndOfTick)
    const isFull = this.#waiting.length >= MAX_WAITING || this.#waitingLength >= MAX_WAITING_LENGTH
    if (connection !== undefined && !connection.isBehind && !isFull) return undefined
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  /** Sends the events of the tick. */
  flush(): void {
    this.#scheduled = false
    const connection = this.#connection
    if (connection === undefined) return
    if (this.#waiting.length > 0) connection.send(new EventFrame(this.#waiting))
    this.#waiting = []
    this.#waitingLength = 0
    if (this.#outcome !== undefined) {
      connection.end(undefined, this.#outcome.as === 'completed' ? 'end' : 'cut')
    } else if (!connection.isBehind) this.#makeRoom()
    else {
      this.#host.setBehind(true)
      connection.whenDrained(() => this.#makeRoom())
    }
  }

  #makeRoom(): void {
    this.#host.setBehind(false)
    const resume = this.#onRoom
    this.#onRoom = undefined
    resume?.()
  }

  #push(event: EncodedEvent): void {
    this.#emitted = true
    this.#begin()
    if (this.#abandoned) return
    this.#waiting.push(event)
    this.#waitingLength += event.text.length
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

/** Events, and characters, that a pulled source may give in one tick. */
const MAX_WAITING = 256
const MAX_WAITING_LENGTH = 65_536
