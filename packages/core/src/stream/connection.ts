import type { MaybePromise } from '@rxsse/shared'
import { Subscription } from 'rxjs'
import { describeFailure } from '../errors/describe-failure.ts'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { resolveMethod, resolveRequest, resolveUrl, toSendableId } from '../request/request.ts'
import type { Attempt } from '../request/request-options.ts'
import { publicUrl } from '../request/url.ts'
import { Body } from '../response/body.ts'
import { Decoder, type DecoderHandler } from '../response/decoder.ts'
import { findReader, type ReadOtherContent } from '../response/other-content.ts'
import {
  createRejection,
  EXCERPT_LENGTH,
  isEventStream,
  REJECTED_BODY_TIMEOUT,
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
  /** The request cannot carry the last event ID. */
  onUnsendableId(): void
  /**
   * Called once when the connection ends, but not after it is closed. `error` is undefined after a proper end. `unfinished`
   * says that the proper end was inside an event.
   */
  onEnd(error: EventSourceError | undefined, unfinished: boolean): void
}

/** What a connection knows of its place in the stream. */
export interface ConnectionStart {
  readonly number: number
  readonly previousError: EventSourceError | undefined
  /** Resolved already, after the connection before this one. */
  readonly method: string | undefined
}

/** One connection of a stream, from its request to the end of its response. */
export class Connection {
  readonly #settings: Settings
  readonly #start: ConnectionStart
  readonly #listener: ConnectionListener
  readonly #decoder: Decoder
  #connected = false
  #closed = false
  #url: string | undefined
  #exchange: TransportConnection | undefined
  #sentMethod: string | undefined
  #response: TransportResponse | undefined
  /** The body of a response that is no event stream. */
  #body: Body | undefined
  /** What reads that body. Undefined if the response is rejected. */
  #read: ReadOtherContent | undefined
  #gateChanges: { unsubscribe(): void } | undefined
  /** When the last byte came, or when the gate last opened. */
  #lastActivity = 0
  /** The timer of the phase: for the connection, for the head, for silence, or for a rejected body. */
  #timer: Subscription = Subscription.EMPTY

  constructor(settings: Settings, start: ConnectionStart, listener: ConnectionListener) {
    this.#settings = settings
    this.#start = start
    this.#listener = listener
    this.#decoder = new Decoder({ ...listener, onOversize: () => this.#failOversize() }, settings)
  }

  /** The method of the request. Undefined until it is sent. */
  get sentMethod(): string | undefined {
    return this.#sentMethod
  }

  /** Sends the request. The listener may be called, and may close the connection, before this returns. */
  open(): void {
    const { transport, connectTimeout } = this.#settings
    if (transport.reportsConnected) {
      this.#limit(connectTimeout, 'connect-timeout', 'no connection was made')
    } else {
      this.#onConnected()
    }
    // The error of a factory may quote a secret, so its message stays in the cause.
    this.#send().catch((cause: unknown) => this.#fail('request', 'the request cannot be made', cause))
  }

  /** Closes the socket at once. The listener is not called any more. */
  close(): void {
    this.#closed = true
    this.#decoder.close()
    this.#timer.unsubscribe()
    this.#gateChanges?.unsubscribe()
    this.#exchange?.abort()
  }

  async #send(): Promise<void> {
    const settings = this.#settings
    const listener = this.#listener
    const { number, previousError, method: known } = this.#start
    const id = await this.#whileOpen(listener.loadLastEventId())
    const attempt: Attempt = { number, lastEventId: id ?? '', ...(previousError && { previousError }) }
    const url = await this.#whileOpen(resolveUrl(settings, attempt))
    this.#url = publicUrl(url)
    const sentId = toSendableId(settings, id)
    if (id && !sentId) listener.onUnsendableId()
    if (!this.#closed) listener.onConnecting(this.#url, sentId)
    if (this.#closed) return
    const method = await this.#whileOpen(known ?? resolveMethod(settings, attempt))
    const request = await this.#whileOpen(resolveRequest(settings, attempt, url, method, id))
    this.#sentMethod = method
    this.#exchange = settings.transport.open(request, {
      onConnected: () => this.#onConnected(),
      onResponse: (response) => this.#onResponse(response),
      onData: (bytes) => this.#onData(bytes),
      onEnd: () => this.#finish(),
      onError: (code, cause) => this.#finish(this.#createTransportError(code, cause)),
    })
  }

  /** Waits for a value. Throws if the connection was closed meanwhile, so that nothing follows. */
  async #whileOpen<T>(value: MaybePromise<T>): Promise<T> {
    const result = await value
    if (this.#closed) throw new Error('closed')
    return result
  }

  #onConnected(): void {
    // A redirect connects again. The head must come in time all the same.
    if (this.#connected) return
    this.#connected = true
    this.#limit(this.#settings.headTimeout, 'head-timeout', 'no head of a response came')
  }

  #onResponse({ status, headers, url }: TransportResponse): void {
    const { otherContent = {}, maxEventSize, clock } = this.#settings
    const response = { status, headers, url: publicUrl(url) }
    this.#timer.unsubscribe()
    this.#response = response
    this.#read = findReader(otherContent, response)
    if (this.#read || isEventStream(response)) {
      if (this.#read) this.#body = new Body(maxEventSize)
      this.#watchGate()
      this.#watchIdle()
      this.#listener.onOpen(response)
    } else {
      this.#body = new Body(EXCERPT_LENGTH)
      // The body improves the error, but must not delay it for long.
      this.#timer = clock.schedule(() => this.#finish(), REJECTED_BODY_TIMEOUT)
    }
  }

  #onData(bytes: Uint8Array): void {
    if (this.#settings.idleTimeout !== undefined) this.#lastActivity = this.#settings.clock.now()
    if (!this.#body) {
      this.#decoder.push(bytes)
    } else if (!this.#body.add(bytes)) {
      if (this.#read) this.#failOversize()
      else this.#finish()
    }
  }

  /** The exchange is over, with or without an error. */
  #finish(error?: EventSourceError): void {
    const { deliverUnfinished, clock } = this.#settings
    const { text } = this.#body ?? {}
    if (text === undefined) {
      const unfinished = this.#decoder.end(!error && deliverUnfinished)
      this.#end(error, unfinished && !deliverUnfinished)
    } else if (this.#read) {
      this.#end(error ?? this.#readBody(this.#read, text))
    } else {
      const response = this.#response as TransportResponse
      this.#end(createRejection(response, text, this.#start.number, clock.timeOfDay()))
    }
  }

  #readBody(read: ReadOtherContent, text: string): EventSourceError | undefined {
    const { types } = this.#settings
    const { onId, onEvent, onParsed } = this.#listener
    try {
      for (const { type = 'message', data, id } of read(text, this.#response as TransportResponse)) {
        if (this.#closed) return undefined
        if (id !== undefined) onId(id)
        if (types?.has(type) ?? true) onEvent(type, data)
      }
    } catch (cause) {
      return this.#createError('content-type', 'otherContent cannot read the body', cause)
    }
    onParsed?.()
    return undefined
  }

  #limit(milliseconds: number | undefined, code: EventSourceErrorCode, what: string): void {
    this.#timer.unsubscribe()
    if (milliseconds === undefined) return
    const fail = (): void => this.#fail(code, `${what} within ${milliseconds} ms`)
    this.#timer = this.#settings.clock.schedule(fail, milliseconds)
  }

  #failOversize(): void {
    const { maxEventSize } = this.#settings
    this.#fail('event-too-large', `an event took more than maxEventSize, ${maxEventSize} bytes`)
  }

  #fail(code: EventSourceErrorCode, message: string, cause?: unknown): void {
    this.#end(this.#createError(code, message, cause))
  }

  #end(error: EventSourceError | undefined, unfinished = false): void {
    if (this.#closed) return
    this.close()
    this.#listener.onEnd(error, unfinished)
  }

  #watchGate(): void {
    const { gate, clock } = this.#settings
    if (!gate) return
    const apply = (shut: boolean): void => {
      this.#lastActivity = clock.now()
      if (shut) this.#exchange?.pause()
      else this.#exchange?.resume()
    }
    this.#gateChanges = gate.changes.subscribe(apply)
    if (gate.shut) apply(true)
  }

  #watchIdle(): void {
    const { gate, clock, idleTimeout } = this.#settings
    if (idleTimeout === undefined) return
    this.#lastActivity = clock.now()
    // One timer checks again when it fires. To restart a timer for each piece of the body would cost more than the piece.
    const check = (): void => {
      const now = clock.now()
      // The clock of a scheduler that is set back must not make the silence longer.
      if (gate?.shut || this.#lastActivity > now) this.#lastActivity = now
      const left = this.#lastActivity + idleTimeout - now
      if (left > 0) this.#timer = clock.schedule(check, left)
      else this.#fail('idle-timeout', `no byte came for ${idleTimeout} ms`)
    }
    this.#timer = clock.schedule(check, idleTimeout)
  }

  #createTransportError(code: TransportErrorCode, cause: unknown): EventSourceError {
    return this.#createError(code, describeFailure(code, cause), cause)
  }

  #createError(code: EventSourceErrorCode, message: string, cause: unknown): EventSourceError {
    // With a status, `request` says that the transport cannot read the response.
    const status = code === 'request' ? this.#response?.status : undefined
    return new EventSourceError(code, message, { url: this.#url, attempt: this.#start.number, status, cause })
  }
}
