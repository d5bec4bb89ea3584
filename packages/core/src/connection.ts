import type { Subscription } from 'rxjs'
import { createDecoder, type Decoder } from './decoder.ts'
import { EventSourceError, type EventSourceErrorCode, publicUrl } from './errors.ts'
import type { Attempt, Settings } from './options.ts'
import { isEventStream, Refusal, refusalPatience } from './refusal.ts'
import { completeRequest, requestError, requestUrl, sendableId } from './request.ts'
import type { TransportConnection, TransportErrorCode, TransportResponse } from './transport/transport.ts'

/** What one connection tells the stream it belongs to. */
export interface ConnectionListener {
  /** The stream's cursor; undefined as long as neither the caller nor the stream has set one. */
  cursor(): Promise<string | undefined>
  /** The request goes to `url` with the cursor `lastEventId`. */
  onConnecting(url: string, lastEventId: string): void
  onOpen(response: TransportResponse): void
  onEvent(type: string, data: string): void
  onId(id: string): void
  onRetry(milliseconds: number): void
  readonly onComment: ((text: string) => void) | undefined
  /** Once, at the end, unless the connection was closed from here: without an error where the response ended properly. */
  onEnd(error: EventSourceError | undefined, retryAfter: number | undefined): void
}

/** One connection of a stream, from the making of its request to the end of its response. */
export class Connection {
  private readonly settings: Settings
  private readonly listener: ConnectionListener
  private readonly decoder: Decoder
  private live = true
  private attempt = 0
  private url: string | undefined
  private exchange: TransportConnection | undefined
  private opened = false
  private refusal: Refusal | undefined
  private lastSign = 0
  private timer: Subscription | undefined
  private gateChanges: { unsubscribe(): void } | undefined

  constructor(settings: Settings, listener: ConnectionListener) {
    this.settings = settings
    this.listener = listener
    this.decoder = this.createDecoder()
  }

  start(number: number, previousError: EventSourceError | undefined): void {
    const { connectTimeout, scheduler } = this.settings
    this.attempt = number
    this.timer = scheduler.schedule(() => {
      this.fail('connect-timeout', `no response head came within ${connectTimeout} ms`)
    }, connectTimeout)
    this.request(previousError).catch((cause: unknown) => this.end(requestError(cause, this.url, number)))
  }

  /** Closes the socket; the listener hears no more. */
  close(): void {
    this.live = false
    this.timer?.unsubscribe()
    this.gateChanges?.unsubscribe()
    this.exchange?.abort()
  }

  private async request(previousError: EventSourceError | undefined): Promise<void> {
    const cursor = await this.listener.cursor()
    const attempt: Attempt = {
      number: this.attempt,
      lastEventId: cursor ?? '',
      ...(previousError !== undefined && { previousError }),
    }
    const url = await requestUrl(this.settings, attempt)
    if (!this.live) return
    this.url = publicUrl(url)
    this.listener.onConnecting(url.href, sendableId(this.settings, cursor))
    const request = await completeRequest(this.settings, attempt, url, cursor)
    if (!this.live) return
    this.exchange = this.settings.transport.open(request, {
      onResponse: (response) => {
        if (this.live) this.respond(response)
      },
      onData: (bytes) => {
        if (this.live) this.receive(bytes)
      },
      onEnd: () => {
        if (this.live) this.finish(undefined)
      },
      onError: (code, cause) => {
        if (this.live) this.finish(this.transportError(code, cause))
      },
    })
  }

  private respond(response: TransportResponse): void {
    this.timer?.unsubscribe()
    if (isEventStream(response)) {
      this.opened = true
      this.watchGate()
      this.watchIdle()
      this.listener.onOpen(response)
    } else {
      this.refusal = new Refusal(response)
      // The body makes a better error, but it must not delay it for long, nor for ever.
      this.timer = this.settings.scheduler.schedule(() => this.finish(undefined), refusalPatience)
    }
  }

  private receive(bytes: Uint8Array): void {
    if (this.refusal !== undefined) {
      this.refusal.add(bytes)
      if (this.refusal.full) this.finish(undefined)
      return
    }
    if (this.settings.idleTimeout !== undefined) this.lastSign = this.settings.scheduler.now()
    this.decoder.push(bytes)
  }

  /** The exchange is over, one way or another. */
  private finish(error: EventSourceError | undefined): void {
    if (this.refusal !== undefined) {
      const now = this.settings.scheduler.now()
      this.end(this.refusal.error(this.attempt), this.refusal.retryAfter(now))
    } else {
      if (this.opened) this.decoder.end()
      this.end(error)
    }
  }

  private fail(code: EventSourceErrorCode, message: string): void {
    this.end(new EventSourceError(code, message, { url: this.url, attempt: this.attempt }))
  }

  private end(error: EventSourceError | undefined, retryAfter?: number): void {
    if (!this.live) return
    this.close()
    this.listener.onEnd(error, retryAfter)
  }

  private watchGate(): void {
    const { gate, scheduler } = this.settings
    if (gate === undefined) return
    const apply = (shut: boolean): void => {
      this.lastSign = scheduler.now()
      if (shut) this.exchange?.pause()
      else this.exchange?.resume()
    }
    this.gateChanges = gate.changes.subscribe(apply)
    if (gate.shut) apply(true)
  }

  private watchIdle(): void {
    const { idleTimeout, scheduler, gate } = this.settings
    if (idleTimeout === undefined) return
    this.lastSign = scheduler.now()
    // One timer that looks again when it fires: to move it for each piece of the body would cost more than the piece.
    const look = (): void => {
      if (gate?.shut) this.lastSign = scheduler.now()
      const left = this.lastSign + idleTimeout - scheduler.now()
      if (left <= 0) this.fail('idle-timeout', `no byte came for ${idleTimeout} ms`)
      else this.timer = scheduler.schedule(look, left)
    }
    this.timer = scheduler.schedule(look, idleTimeout)
  }

  private createDecoder(): Decoder {
    const { listener } = this
    const { maxEventSize } = this.settings
    const { onComment } = listener
    // A piece of the body is decoded to its end even when one of its events closes the connection.
    return createDecoder(
      {
        onEvent: (type, data) => {
          if (this.live) listener.onEvent(type, data)
        },
        onId: (id) => {
          if (this.live) listener.onId(id)
        },
        onRetry: (milliseconds) => {
          if (this.live) listener.onRetry(milliseconds)
        },
        onComment:
          onComment === undefined
            ? undefined
            : (text) => {
                if (this.live) onComment(text)
              },
        onOversize: () => {
          this.fail('event-too-large', `an event took more than the ${maxEventSize} bytes of maxEventSize`)
        },
      },
      maxEventSize,
    )
  }

  private transportError(code: TransportErrorCode, cause: unknown): EventSourceError {
    // What a client says of a request it refuses to send may quote the request.
    const why =
      code !== 'request' && cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
    const details = { url: this.url, attempt: this.attempt, cause }
    return new EventSourceError(code, `${transportFailures[code]}${why}`, details)
  }
}

const transportFailures: Readonly<Record<TransportErrorCode, string>> = {
  network: 'the connection failed',
  tls: "the server's certificate does not verify",
  'content-type': 'the response cannot be read',
  redirect: 'a redirect was not followed',
  request: 'the request could not be sent',
}
