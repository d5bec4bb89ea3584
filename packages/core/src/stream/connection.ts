import type { MaybePromise } from '@rxsse/shared'
import { Subscription } from 'rxjs'
import { describeFailure } from '../errors/describe-failure.ts'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import {
  createRequest,
  createUrl,
  resolveMethod,
  resolveValue,
  takesBody,
  toSendableId,
} from '../request/request.ts'
import { createAttempt, type PerAttempt } from '../request/request-options.ts'
import { publicUrl } from '../request/url.ts'
import { Body } from '../response/body.ts'
import { Decoder } from '../response/decoder.ts'
import type { DecoderHandler } from '../response/decoder-handler.ts'
import { findReader, type ReadOtherContent } from '../response/other-content.ts'
import {
  createRejection,
  EXCERPT_LENGTH,
  isEventStream,
  REJECTED_BODY_TIMEOUT,
} from '../response/rejected-response.ts'
import type { TransportConnection, TransportResponse } from '../transport/transport.ts'
import type { Phase, Settings } from './options.ts'
import { requireAnswer } from './require-answer.ts'

/** What a connection needs from its stream and reports to it. */
export interface ConnectionListener extends DecoderHandler {
  /** Loads the stream's last event ID. Undefined until the caller or the stream sets one. */
  loadLastEventId(): Promise<string | undefined>
  /** The request is about to be sent to `url`, with that ID. */
  onConnecting(url: string, lastEventId: string): void
  onOpen(response: TransportResponse): void
  /**
   * Called once when the connection ends, but not after it is closed. `error` is undefined after a proper end. `unfinished`
   * says that the proper end was inside an event. `method` is that of the request, undefined if none was sent.
   */
  onEnd(error: EventSourceError | undefined, unfinished: boolean, method: string | undefined): void
}

/** What a connection knows of its place in the stream. */
export interface ConnectionStart {
  readonly number: number
  readonly previousError: EventSourceError | undefined
  /** Resolved already, after the connection before this one. */
  readonly method: string | undefined
}

/** One connection of a stream, from its request to the end of its response. Unsubscribing closes the socket at once. */
export class Connection extends Subscription {
  readonly #settings: Settings
  readonly #start: ConnectionStart
  readonly #listener: ConnectionListener
  readonly #decoder: Decoder
  #connected = false
  #url: string | undefined
  #exchange: TransportConnection | undefined
  #sentMethod: string | undefined
  #response: TransportResponse | undefined
  /** The body of a response that is no event stream. */
  #body: Body | undefined
  /** What reads that body. Undefined if the response is rejected. */
  #read: ReadOtherContent | undefined
  /** When the last byte came, or when the gate last opened. */
  #lastActivity = 0
  /** The timer of the phase: for the connection, for the head, for silence, or for a rejected body. */
  #timer = Subscription.EMPTY

  constructor(settings: Settings, start: ConnectionStart, listener: ConnectionListener) {
    super()
    this.#settings = settings
    this.#start = start
    this.#listener = listener
    this.#decoder = new Decoder(listener, settings, () => this.#failOversize())
    this.add(() => this.#decoder.close())
  }

  /** Sends the request. The listener may be called, and may close the connection, before this returns. */
  open(): void {
    if (this.#settings.transport.reportsConnected) this.#limit('connect')
    else this.#onConnected()
    // The error of a factory may quote a secret, so its message stays in the cause.
    this.#send().catch((cause: unknown) => this.#fail('request', 'the request cannot be made', cause))
  }

  async #send(): Promise<void> {
    const settings = this.#settings
    const { number, previousError, method: known } = this.#start
    const id = await this.#whileOpen(this.#listener.loadLastEventId())
    const attempt = createAttempt(number, id, previousError)
    const sentId = toSendableId(settings, id)
    const ask = <T>(input: PerAttempt<T>): Promise<T> => this.#whileOpen(resolveValue(input, attempt))
    const url = createUrl(await ask(settings.url), settings, sentId, id)
    this.#url = publicUrl(url)
    this.#listener.onConnecting(this.#url, sentId)
    if (this.closed) return
    const method = await this.#whileOpen(known ?? resolveMethod(settings, attempt))
    const headers = await ask(settings.headers)
    const body = takesBody(method) ? await ask(settings.body) : undefined
    const request = await this.#whileOpen(createRequest(settings, url, method, headers, body, sentId, id))
    this.#sentMethod = method
    const exchange = settings.transport.open(request, {
      onConnected: () => this.#onConnected(),
      onResponse: (response) => this.#onResponse(response),
      onData: (bytes) => this.#onData(bytes),
      onEnd: () => this.#finish(),
      onError: (code, cause) =>
        this.#finish(this.#createError(code, describeFailure(code, cause, Boolean(this.#response)), cause)),
    })
    this.#exchange = exchange
    this.add(() => exchange.abort())
  }

  /** Waits for a value. Throws if the connection was closed meanwhile, so that nothing follows. */
  async #whileOpen<T>(value: MaybePromise<T>): Promise<T> {
    const result = await value
    if (this.closed) throw new Error('closed')
    return result
  }

  #onConnected(): void {
    // A redirect connects again. The head must come in time all the same.
    if (this.#connected) return
    this.#connected = true
    this.#limit('head')
  }

  #onResponse({ status, headers, url }: TransportResponse): void {
    const { otherContent = {}, maxEventSize, gate, limits } = this.#settings
    const response = { status, headers, url: publicUrl(url) }
    const read = findReader(otherContent, response)
    this.#response = response
    this.#read = read
    if (read || !isEventStream(response)) this.#body = new Body(read ? maxEventSize : EXCERPT_LENGTH)
    if (read || !this.#body) {
      this.#after(limits.idle, () => this.#checkIdle())
      this.#onGateChange()
      this.add(gate?.changes.subscribe(() => this.#onGateChange()))
      this.#listener.onOpen(response)
    } else {
      // The body improves the error, but must not delay it for long.
      this.#after(REJECTED_BODY_TIMEOUT, () => this.#finish())
    }
  }

  #onData(bytes: Uint8Array): void {
    if (this.#settings.limits.idle !== undefined) this.#lastActivity = this.#settings.clock.now()
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
    let hadEvents = false
    try {
      const events = requireAnswer(read(text, this.#response as TransportResponse), 'otherContent')
      for (const { type = 'message', data, id } of events) {
        if (this.closed) break
        hadEvents = true
        if (id !== undefined) this.#listener.onId(id)
        if (types?.has(type) ?? true) this.#listener.onEvent(type, data)
      }
    } catch (cause) {
      return this.#createError('content-type', 'otherContent cannot read the body', cause)
    }
    this.#listener.onParsed?.(hadEvents)
    return undefined
  }

  /** Asks the gate: if an observer changes it back within a change, the changes arrive in the wrong order. */
  #onGateChange(): void {
    const { gate, clock } = this.#settings
    this.#lastActivity = clock.now()
    if (gate?.shut) this.#exchange?.pause()
    else this.#exchange?.resume()
  }

  /** Checks for silence. To restart a timer for each piece of the body would cost more than the piece. */
  #checkIdle(): void {
    const { gate, clock, limits } = this.#settings
    const now = clock.now()
    // The clock of a scheduler that is set back must not make the silence longer.
    if (gate?.shut || this.#lastActivity > now) this.#lastActivity = now
    const left = this.#lastActivity + (limits.idle ?? 0) - now
    if (left > 0) this.#after(left, () => this.#checkIdle())
    else this.#failTimeout('idle')
  }

  #limit(phase: Phase): void {
    this.#after(this.#settings.limits[phase], () => this.#failTimeout(phase))
  }

  #failTimeout(phase: Phase): void {
    this.#fail(
      `${phase}-timeout`,
      `nothing came within timeouts.${phase}, ${this.#settings.limits[phase]} ms`,
    )
  }

  /** Replaces the timer of the phase. Undefined for never. */
  #after(milliseconds: number | undefined, work: () => void): void {
    this.#timer.unsubscribe()
    if (milliseconds === undefined) return
    this.#timer = this.#settings.clock.timer(milliseconds).subscribe(work)
    this.add(this.#timer)
  }

  #failOversize(): void {
    this.#fail(
      'event-too-large',
      `an event took more than maxEventSize, ${this.#settings.maxEventSize} bytes`,
    )
  }

  #fail(code: EventSourceErrorCode, message: string, cause?: unknown): void {
    this.#end(this.#createError(code, message, cause))
  }

  #end(error: EventSourceError | undefined, unfinished = false): void {
    if (this.closed) return
    this.unsubscribe()
    this.#listener.onEnd(error, unfinished, this.#sentMethod)
  }

  #createError(code: EventSourceErrorCode, message: string, cause: unknown): EventSourceError {
    // With a status, `request` says that the transport cannot read the response.
    const status = code === 'request' ? this.#response?.status : undefined
    return new EventSourceError(code, message, { url: this.#url, attempt: this.#start.number, status, cause })
  }
}
