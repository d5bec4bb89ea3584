import type { Subscription } from 'rxjs'
import { createDecoder } from './decoder.ts'
import { EventSourceError, type EventSourceErrorCode, publicUrl } from './errors.ts'
import type { BlockHandler } from './interpret.ts'
import type { Attempt, Settings } from './options.ts'
import { createRefusal, isEventStream, type Refusal, refusalPatience } from './refusal.ts'
import { completeRequest, requestUrl, sendableId } from './request.ts'
import type { TransportConnection, TransportErrorCode, TransportResponse } from './transport/transport.ts'

/** What one connection asks of and tells the stream it belongs to. */
export interface ConnectionListener extends BlockHandler {
  /** The stream's cursor; undefined as long as neither the caller nor the stream has set one. */
  cursor(): Promise<string | undefined>
  /** The request goes to `url` with the cursor `lastEventId`. */
  onConnecting(url: string, lastEventId: string): void
  onOpen(response: TransportResponse): void
  /** Once, at the end, unless the connection was closed from here: without an error where the response ended properly. */
  onEnd(error: EventSourceError | undefined, retryAfter: number | undefined): void
}

/**
 * Opens one connection of a stream and sees it through, from the making of its request to the end of its response. Returns how to
 * close it: the socket at once, and the listener hears no more.
 */
export function openConnection(
  settings: Settings,
  number: number,
  previousError: EventSourceError | undefined,
  listener: ConnectionListener,
): () => void {
  const { transport, scheduler, gate, types, maxEventSize, connectTimeout, idleTimeout } = settings
  let live = true
  let url: string | undefined
  let exchange: TransportConnection | undefined
  let refusal: Refusal | undefined
  let lastSign = 0
  let timer: Subscription = scheduler.schedule(() => {
    fail('connect-timeout', `no response came within ${connectTimeout} ms`)
  }, connectTimeout)
  let gateChanges: { unsubscribe(): void } | undefined

  const { onComment } = listener
  // A piece of the body is decoded to its end even when one of its events closes the connection.
  const decoder = createDecoder(
    {
      onEvent(type, data) {
        if (live) listener.onEvent(type, data)
      },
      onId(id) {
        if (live) listener.onId(id)
      },
      onRetry(milliseconds) {
        if (live) listener.onRetry(milliseconds)
      },
      onComment: onComment && ((text) => live && onComment(text)),
      onOversize() {
        fail('event-too-large', `an event took more than maxEventSize, ${maxEventSize} bytes`)
      },
    },
    { types, maxEventSize },
  )

  // What a factory throws may quote a secret, so its message stays in the cause.
  request().catch((cause: unknown) => fail('request', 'the request cannot be made', cause))
  return close

  async function request(): Promise<void> {
    const cursor = await listener.cursor()
    if (!live) return
    const attempt: Attempt = {
      number,
      lastEventId: cursor ?? '',
      ...(previousError && { previousError }),
    }
    const target = await requestUrl(settings, attempt)
    if (!live) return
    url = publicUrl(target)
    listener.onConnecting(target.href, sendableId(settings, cursor))
    if (!live) return
    const complete = await completeRequest(settings, attempt, target, cursor)
    if (!live) return
    exchange = transport.open(complete, {
      onResponse: respond,
      onData: receive,
      onEnd: () => finish(),
      onError: (code, cause) => finish(transportError(code, cause)),
    })
  }

  function respond(response: TransportResponse): void {
    timer.unsubscribe()
    if (isEventStream(response)) {
      watchGate()
      watchIdle()
      listener.onOpen(response)
    } else {
      refusal = createRefusal(response)
      // The body makes a better error, but it must not delay it for long, nor for ever.
      timer = scheduler.schedule(() => finish(), refusalPatience)
    }
  }

  function receive(bytes: Uint8Array): void {
    if (refusal) {
      if (refusal.add(bytes)) finish()
    } else {
      if (idleTimeout !== undefined) lastSign = scheduler.now()
      decoder.push(bytes)
    }
  }

  /** The exchange is over, one way or another. */
  function finish(error?: EventSourceError): void {
    if (refusal) {
      end(refusal.error(number), refusal.retryAfter(scheduler.now()))
    } else {
      decoder.end()
      end(error)
    }
  }

  function fail(code: EventSourceErrorCode, message: string, cause?: unknown): void {
    end(new EventSourceError(code, message, { url, attempt: number, cause }))
  }

  function end(error: EventSourceError | undefined, retryAfter?: number): void {
    if (!live) return
    close()
    listener.onEnd(error, retryAfter)
  }

  function close(): void {
    live = false
    timer.unsubscribe()
    gateChanges?.unsubscribe()
    exchange?.abort()
  }

  function watchGate(): void {
    if (!gate) return
    const apply = (shut: boolean): void => {
      lastSign = scheduler.now()
      if (shut) exchange?.pause()
      else exchange?.resume()
    }
    gateChanges = gate.changes.subscribe(apply)
    if (gate.shut) apply(true)
  }

  function watchIdle(): void {
    if (idleTimeout === undefined) return
    lastSign = scheduler.now()
    // One timer that looks again when it fires: to move it for each piece of the body would cost more than the piece.
    const look = (): void => {
      const now = scheduler.now()
      // A clock that was set back must not make the silence longer than it is.
      if (gate?.shut || lastSign > now) lastSign = now
      const left = lastSign + idleTimeout - now
      if (left > 0) timer = scheduler.schedule(look, left)
      else fail('idle-timeout', `no byte came for ${idleTimeout} ms`)
    }
    timer = scheduler.schedule(look, idleTimeout)
  }

  function transportError(code: TransportErrorCode, cause: unknown): EventSourceError {
    // What a client says of a request it refuses to send may quote the request.
    const why = code !== 'request' && cause instanceof Error ? `: ${cause.message}` : ''
    return new EventSourceError(code, (failures[code] ?? code) + why, { url, attempt: number, cause })
  }
}

const failures: { readonly [code in TransportErrorCode]?: string } = {
  network: 'the connection failed',
  // What follows tells what is wrong with the certificate.
  tls: 'the connection failed',
  request: 'the request cannot be made',
}
