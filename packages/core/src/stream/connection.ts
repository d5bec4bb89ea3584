import type { Subscription } from 'rxjs'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { resolveRequest, resolveUrl, toSendableId } from '../request/request.ts'
import type { Attempt } from '../request/request-options.ts'
import { publicUrl } from '../request/url.ts'
import { Decoder, type DecoderHandler } from '../response/decoder.ts'
import {
  createRejectedResponse,
  isEventStream,
  REJECTED_BODY_TIMEOUT,
  type RejectedResponse,
} from '../response/rejected-response.ts'
import type { TransportConnection, TransportErrorCode, TransportResponse } from '../transport/transport.ts'
import type { Settings } from './options.ts'

/** What a connection needs from its stream and reports to it. */
export interface ConnectionListener extends Omit<DecoderHandler, 'onOversize'> {
  /** Loads the stream's last event ID. Undefined until the caller or the stream sets one. */
  loadLastEventId(): Promise<string | undefined>
  /** The request is about to be sent to `url`. */
  onConnecting(url: string, lastEventId: string): void
  onOpen(response: TransportResponse): void
  /** Called once when the connection ends, but not after it is closed. `error` is undefined after a proper end. */
  onEnd(error: EventSourceError | undefined, retryAfter: number | undefined): void
}

/** What a connection is doing. */
type Phase =
  | { readonly name: 'connecting' }
  | { readonly name: 'reading' }
  | { readonly name: 'rejected'; readonly response: RejectedResponse }
  | { readonly name: 'closed' }

/** One connection of a stream, from its request to the end of its response. */
export class Connection {
  readonly #settings: Settings
  readonly #number: number
  readonly #listener: ConnectionListener
  readonly #decoder: Decoder
  #phase: Phase = { name: 'connecting' }
  #url: string | undefined
  #exchange: TransportConnection | undefined
  #gateChanges: { unsubscribe(): void } | undefined
  /** When the last byte came, or when the gate last opened. */
  #lastActivity = 0
  /** The timer of the phase: for the head, for silence, or for a rejected body. */
  #timer: Subscription

  constructor(
    settings: Settings,
    number: number,
    previousError: EventSourceError | undefined,
    listener: ConnectionListener,
  ) {
    const { scheduler, connectTimeout, maxEventSize } = settings
    this.#settings = settings
    this.#number = number
    this.#listener = listener
    this.#timer = scheduler.schedule(() => {
      this.#fail('connect-timeout', `no response came within ${connectTimeout} ms`)
    }, connectTimeout)
    const onOversize = (): void =>
      this.#fail('event-too-large', `an event took more than maxEventSize, ${maxEventSize} bytes`)
    this.#decoder = new Decoder({ ...listener, onOversize }, settings)
    // The error of a factory may quote a secret, so its message stays in the cause.
    this.#send(previousError).catch((cause: unknown) =>
      this.#fail('request', 'the request cannot be made', cause),
    )
  }

  /** Closes the socket at once. The listener is not called any more. */
  close(): void {
    this.#phase = { name: 'closed' }
    this.#decoder.close()
    this.#timer.unsubscribe()
    this.#gateChanges?.unsubscribe()
    this.#exchange?.abort()
  }

  async #send(previousError: EventSourceError | undefined): Promise<void> {
    const settings = this.#settings
    const number = this.#number
    const id = await this.#listener.loadLastEventId()
    if (this.#isClosed()) return
    const attempt: Attempt = { number, lastEventId: id ?? '', ...(previousError && { previousError }) }
    const url = await resolveUrl(settings, attempt)
    if (this.#isClosed()) return
    this.#url = publicUrl(url)
    this.#listener.onConnecting(url.href, toSendableId(settings, id))
    if (this.#isClosed()) return
    const request = await resolveRequest(settings, attempt, url, id)
    if (this.#isClosed()) return
    this.#exchange = settings.transport.open(request, {
      onResponse: (response) => this.#onResponse(response),
      onData: (bytes) => this.#onData(bytes),
      onEnd: () => this.#finish(),
      onError: (code, cause) => this.#finish(this.#createTransportError(code, cause)),
    })
  }

  #onResponse(response: TransportResponse): void {
    this.#timer.unsubscribe()
    if (isEventStream(response)) {
      this.#phase = { name: 'reading' }
      this.#watchGate()
      this.#watchIdle()
      this.#listener.onOpen(response)
    } else {
      this.#phase = { name: 'rejected', response: createRejectedResponse(response) }
      // The body improves the error, but must not delay it for long.
      this.#timer = this.#settings.scheduler.schedule(() => this.#finish(), REJECTED_BODY_TIMEOUT)
    }
  }

  #onData(bytes: Uint8Array): void {
    if (this.#phase.name === 'rejected') {
      if (this.#phase.response.add(bytes)) this.#finish()
    } else {
      if (this.#settings.idleTimeout !== undefined) this.#lastActivity = this.#settings.scheduler.now()
      this.#decoder.push(bytes)
    }
  }

  /** The exchange is over, with or without an error. */
  #finish(error?: EventSourceError): void {
    if (this.#phase.name === 'rejected') {
      const { response } = this.#phase
      this.#end(response.toError(this.#number), response.retryAfter(this.#settings.scheduler.now()))
    } else {
      this.#decoder.end()
      this.#end(error)
    }
  }

  #fail(code: EventSourceErrorCode, message: string, cause?: unknown): void {
    this.#end(new EventSourceError(code, message, { url: this.#url, attempt: this.#number, cause }))
  }

  #end(error: EventSourceError | undefined, retryAfter?: number): void {
    if (this.#isClosed()) return
    this.close()
    this.#listener.onEnd(error, retryAfter)
  }

  #isClosed(): boolean {
    return this.#phase.name === 'closed'
  }

  #watchGate(): void {
    const { gate, scheduler } = this.#settings
    if (!gate) return
    const apply = (shut: boolean): void => {
      this.#lastActivity = scheduler.now()
      if (shut) this.#exchange?.pause()
      else this.#exchange?.resume()
    }
    this.#gateChanges = gate.changes.subscribe(apply)
    if (gate.shut) apply(true)
  }

  #watchIdle(): void {
    const { gate, scheduler, idleTimeout } = this.#settings
    if (idleTimeout === undefined) return
    this.#lastActivity = scheduler.now()
    // One timer checks again when it fires. To restart a timer for each piece of the body would cost more than the piece.
    const check = (): void => {
      const now = scheduler.now()
      // A clock that is set back must not make the silence longer.
      if (gate?.shut || this.#lastActivity > now) this.#lastActivity = now
      const left = this.#lastActivity + idleTimeout - now
      if (left > 0) this.#timer = scheduler.schedule(check, left)
      else this.#fail('idle-timeout', `no byte came for ${idleTimeout} ms`)
    }
    this.#timer = scheduler.schedule(check, idleTimeout)
  }

  #createTransportError(code: TransportErrorCode, cause: unknown): EventSourceError {
    // The HTTP client's message about a request that it refuses may quote the request.
    const detail = code !== 'request' && cause instanceof Error ? `: ${cause.message}` : ''
    const message = (TRANSPORT_MESSAGES[code] ?? code) + detail
    return new EventSourceError(code, message, { url: this.#url, attempt: this.#number, cause })
  }
}

const TRANSPORT_MESSAGES: { readonly [code in TransportErrorCode]?: string } = {
  network: 'the connection failed',
  // The detail says what is wrong with the certificate.
  tls: 'the connection failed',
  request: 'the request cannot be made',
}
