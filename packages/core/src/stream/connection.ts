import type { Subscription } from 'rxjs'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { resolveRequest, resolveUrl, toSendableId } from '../request/request.ts'
import type { Attempt } from '../request/request-options.ts'
import { publicUrl } from '../request/url.ts'
import { createDecoder, type DecoderHandler } from '../response/decoder.ts'
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

/**
 * Opens one connection of a stream, and reports it from its request to the end of its response. Returns a function that
 * closes it: the socket closes at once, and the listener is not called any more.
 */
export function openConnection(
  settings: Settings,
  number: number,
  previousError: EventSourceError | undefined,
  listener: ConnectionListener,
): () => void {
  const { transport, scheduler, gate, types, maxEventSize, connectTimeout, idleTimeout } = settings
  let phase: Phase = { name: 'connecting' }
  let url: string | undefined
  let exchange: TransportConnection | undefined
  let gateChanges: { unsubscribe(): void } | undefined
  /** When the last byte came, or when silence last had another reason. */
  let lastActivity = 0
  /** The timer of the phase: for the head, for silence, or for a rejected body. */
  let timer: Subscription = scheduler.schedule(() => {
    fail('connect-timeout', `no response came within ${connectTimeout} ms`)
  }, connectTimeout)

  const decoder = createDecoder(
    {
      ...listener,
      onOversize: () =>
        fail('event-too-large', `an event took more than maxEventSize, ${maxEventSize} bytes`),
    },
    { types, maxEventSize },
  )

  // The error of a factory may quote a secret, so its message stays in the cause.
  send().catch((cause: unknown) => fail('request', 'the request cannot be made', cause))
  return close

  async function send(): Promise<void> {
    const lastEventId = await listener.loadLastEventId()
    if (isClosed()) return
    const attempt: Attempt = {
      number,
      lastEventId: lastEventId ?? '',
      ...(previousError && { previousError }),
    }
    const target = await resolveUrl(settings, attempt)
    if (isClosed()) return
    url = publicUrl(target)
    listener.onConnecting(target.href, toSendableId(settings, lastEventId))
    if (isClosed()) return
    const request = await resolveRequest(settings, attempt, target, lastEventId)
    if (isClosed()) return
    exchange = transport.open(request, {
      onResponse,
      onData,
      onEnd: () => finish(),
      onError: (code, cause) => finish(createTransportError(code, cause)),
    })
  }

  function onResponse(response: TransportResponse): void {
    timer.unsubscribe()
    if (isEventStream(response)) {
      phase = { name: 'reading' }
      watchGate()
      watchIdle()
      listener.onOpen(response)
    } else {
      phase = { name: 'rejected', response: createRejectedResponse(response) }
      // The body improves the error, but must not delay it for long.
      timer = scheduler.schedule(() => finish(), REJECTED_BODY_TIMEOUT)
    }
  }

  function onData(bytes: Uint8Array): void {
    if (phase.name === 'rejected') {
      if (phase.response.add(bytes)) finish()
    } else {
      if (idleTimeout !== undefined) lastActivity = scheduler.now()
      decoder.push(bytes)
    }
  }

  /** The exchange is over, with or without an error. */
  function finish(error?: EventSourceError): void {
    if (phase.name === 'rejected') {
      end(phase.response.toError(number), phase.response.retryAfter(scheduler.now()))
    } else {
      decoder.end()
      end(error)
    }
  }

  function fail(code: EventSourceErrorCode, message: string, cause?: unknown): void {
    end(new EventSourceError(code, message, { url, attempt: number, cause }))
  }

  function end(error: EventSourceError | undefined, retryAfter?: number): void {
    if (isClosed()) return
    close()
    listener.onEnd(error, retryAfter)
  }

  function close(): void {
    phase = { name: 'closed' }
    decoder.close()
    timer.unsubscribe()
    gateChanges?.unsubscribe()
    exchange?.abort()
  }

  function isClosed(): boolean {
    return phase.name === 'closed'
  }

  function watchGate(): void {
    if (!gate) return
    const apply = (shut: boolean): void => {
      lastActivity = scheduler.now()
      if (shut) exchange?.pause()
      else exchange?.resume()
    }
    gateChanges = gate.changes.subscribe(apply)
    if (gate.shut) apply(true)
  }

  function watchIdle(): void {
    if (idleTimeout === undefined) return
    lastActivity = scheduler.now()
    // One timer checks again when it fires. To restart a timer for each piece of the body would cost more than the piece.
    const check = (): void => {
      const now = scheduler.now()
      // A clock that is set back must not make the silence longer.
      if (gate?.shut || lastActivity > now) lastActivity = now
      const left = lastActivity + idleTimeout - now
      if (left > 0) timer = scheduler.schedule(check, left)
      else fail('idle-timeout', `no byte came for ${idleTimeout} ms`)
    }
    timer = scheduler.schedule(check, idleTimeout)
  }

  function createTransportError(code: TransportErrorCode, cause: unknown): EventSourceError {
    // The HTTP client's message about a request that it refuses may quote the request.
    const detail = code !== 'request' && cause instanceof Error ? `: ${cause.message}` : ''
    const message = (TRANSPORT_MESSAGES[code] ?? code) + detail
    return new EventSourceError(code, message, { url, attempt: number, cause })
  }
}

const TRANSPORT_MESSAGES: { readonly [code in TransportErrorCode]?: string } = {
  network: 'the connection failed',
  // The detail says what is wrong with the certificate.
  tls: 'the connection failed',
  request: 'the request cannot be made',
}
