import { optionError, requireNumber, type SseEvent } from '@rxsse/shared'
import { Observable, type Subscriber, timer } from 'rxjs'
import { checkMembers, describeCause } from '#platform'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import { publicUrl } from '../request/url.ts'
import { Body } from '../response/body.ts'
import { Decoder } from '../response/decoder.ts'
import type { DecoderHandler } from '../response/decoder-handler.ts'
import {
  createRejection,
  EXCERPT_LENGTH,
  isEventStream,
  parseMimeType,
  REJECTED_BODY_TIMEOUT,
} from '../response/rejected-response.ts'
import { type EventSourceOptions, type Notice, resolveTypes } from '../stream/options.ts'
import { requireAnswer } from '../stream/require-answer.ts'
import type { TransportResponse } from '../transport/transport.ts'
import type { Gate } from './gate.ts'

/** Bytes of an event stream: a `Response`, a `ReadableStream`, a Node stream or another async iterable. */
export type EventBytes = ResponseLike | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** What `eventsFrom` needs of a `Response`. */
export interface ResponseLike {
  readonly status: number
  readonly url: string
  readonly headers: Iterable<[string, string]>
  readonly body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null
  /** Whether somebody has read the body already, which is an error. */
  readonly bodyUsed?: boolean
}

/** The options of `eventsFrom`. */
export interface EventsFromOptions<E extends string = string>
  extends Pick<EventSourceOptions<E>, 'events' | 'maxEventSize' | 'until' | 'deliverUnfinished'> {
  /** While it is shut, nothing is pulled. `createFlowGate` makes one. Default: none. */
  readonly gate?: Gate
}

/**
 * The events of bytes that are already there. They are pulled, and cancelled on unsubscribing: a stream of Node is destroyed.
 * Bytes can be read once, so subscribe once.
 *
 * - Emits each event, decoded as `fromEventSource` does.
 * - Errors with an `EventSourceError`: `incomplete` at an end inside an unfinished event or before `until`, `network` with what the
 *   bytes fail with, `event-too-large`, and for a `Response` `http-status` at a status other than 200, or `content-type` at another
 *   type. A `Response` that was made by hand may also have no type, or that of text.
 * - Completes at the end, or with the event for which `until` is true.
 *
 * @throws TypeError that names the option with the wrong value.
 */
export function eventsFrom<const E extends string = string>(
  source: EventBytes,
  options: EventsFromOptions<E> = {},
): Observable<SseEvent<string, E | Notice>> {
  checkSource(source)
  checkMembers(options)
  const settings = {
    ...options,
    types: resolveTypes(options.events),
    maxEventSize: requireNumber(options.maxEventSize ?? 16 * 2 ** 20, 'maxEventSize', 1),
  }
  return new Observable<SseEvent>((subscriber) => {
    const reading = new Reading(settings, subscriber)
    reading.run(source).catch((cause: unknown) => {
      const details = describeCause(cause)
      reading.fail('network', `the bytes cannot be read${details && `: ${details}`}`, cause)
    })
    return () => reading.close()
  }) as Observable<SseEvent<string, E | Notice>>
}

interface Settings extends Omit<EventsFromOptions, 'events'> {
  readonly types: ReadonlySet<string> | undefined
  readonly maxEventSize: number
}

/** One subscription. */
class Reading implements DecoderHandler {
  readonly #settings: Settings
  readonly #subscriber: Subscriber<SseEvent>
  readonly #decoder: Decoder
  #lastEventId = ''
  #pieces: Pieces | undefined
  #closed = false
  /** Continues when the gate opens, or when the reading is closed. */
  #continue = (): void => {}

  constructor(settings: Settings, subscriber: Subscriber<SseEvent>) {
    this.#settings = settings
    this.#subscriber = subscriber
    this.#decoder = new Decoder(this, settings, () =>
      this.fail('event-too-large', `an event took more than maxEventSize, ${settings.maxEventSize} bytes`),
    )
  }

  onEvent(type: string, data: string): void {
    const event = { type, data, lastEventId: this.#lastEventId }
    this.#subscriber.next(event)
    try {
      const { until } = this.#settings
      if (!this.#closed && requireAnswer(until?.(event), 'until')) this.#subscriber.complete()
    } catch (cause) {
      this.fail('request', 'until threw', cause)
    }
  }

  onId(id: string): void {
    this.#lastEventId = id
  }

  onRetry(): void {}

  async run(source: EventBytes): Promise<void> {
    const { until, gate, deliverUnfinished } = this.#settings
    this.#subscriber.add(gate?.changes.subscribe(() => this.#continue()))
    const response = isBytes(source) ? undefined : source
    // A body that was read to its end looks empty.
    if (response?.bodyUsed) throw new TypeError('its body has been read already')
    const pieces = pull(isBytes(source) ? source : source.body)
    this.#pieces = pieces
    const isRejected = response && !isAccepted(response)
    const excerpt = new Body(EXCERPT_LENGTH)
    const reject = (): void =>
      this.#end(
        createRejection(toTransportResponse(response as ResponseLike), excerpt.text, undefined, Date.now()),
      )
    // The body improves the error, but must not delay it for long.
    if (isRejected) this.#subscriber.add(timer(REJECTED_BODY_TIMEOUT).subscribe(reject))
    for (;;) {
      while (gate?.shut && !this.#closed) {
        await new Promise<void>((resolve) => {
          this.#continue = resolve
        })
      }
      const piece = this.#closed ? undefined : await pieces.next()
      if (this.#closed) return
      if (piece === undefined) break
      if (isRejected) {
        if (!excerpt.add(piece)) break
      } else {
        this.#decoder.push(piece)
        // Now, so that nothing is pulled before these events are delivered.
        this.#decoder.flush()
      }
    }
    if (isRejected) {
      reject()
    } else if (this.#decoder.end(deliverUnfinished) && !deliverUnfinished) {
      this.fail('incomplete', 'the bytes ended inside an event')
    } else if (until) {
      this.fail('incomplete', 'the bytes ended before until was true')
    } else {
      this.#subscriber.complete()
    }
  }

  fail(code: EventSourceErrorCode, message: string, cause?: unknown): void {
    this.#end(new EventSourceError(code, message, { cause }))
  }

  close(): void {
    this.#closed = true
    this.#decoder.close()
    this.#continue()
    this.#pieces?.cancel()
  }

  #end(error: EventSourceError): void {
    if (this.#closed) return
    this.close()
    this.#subscriber.error(error)
  }
}

/** Throws for what is no source. The types let nothing else in, but JavaScript does. */
function checkSource(source: unknown): void {
  const given = Object(source) as EventBytes
  if (!isBytes(given) && !('status' in given && 'headers' in given && 'body' in given))
    throw optionError('source', 'a Response, a ReadableStream or an async iterable of bytes', source)
}

/** An `IncomingMessage` of Node has headers, too, and is its own body. */
function isBytes(source: EventBytes): source is Exclude<EventBytes, ResponseLike> {
  return 'getReader' in source || Symbol.asyncIterator in source
}

/** A `Response` made by hand has no URL, and often no content type, or that of the text it was made of. */
function isAccepted(response: ResponseLike): boolean {
  const seen = toTransportResponse(response)
  const isText = (parseMimeType(seen.headers['content-type']) ?? 'text/plain') === 'text/plain'
  return isEventStream(seen) || (seen.url === '' && seen.status === 200 && isText)
}

function toTransportResponse({ status, headers, url }: ResponseLike): TransportResponse {
  return { status, headers: Object.fromEntries(headers), url: url && publicUrl(url) }
}

/** Pieces that are pulled one by one. */
interface Pieces {
  /** Undefined at the end. */
  next(): Promise<Uint8Array | undefined>
  /** Gives the rest up. */
  cancel(): void
}

function pull(source: Exclude<EventBytes, ResponseLike> | null): Pieces {
  if (source === null) return { next: async () => undefined, cancel() {} }
  if ('getReader' in source) {
    const reader = source.getReader()
    return {
      next: async () => toPiece(await reader.read()),
      // Fails if the stream has failed, which is told already.
      cancel: () => void reader.cancel().catch(() => {}),
    }
  }
  const iterator = source[Symbol.asyncIterator]()
  const { destroy } = source as { readonly destroy?: unknown }
  return {
    next: async () => toPiece(await iterator.next()),
    cancel() {
      // The iterator of a Node stream returns only when the read that waits is over, which may be never.
      if (typeof destroy === 'function') destroy.call(source)
      else void iterator.return?.().catch(() => {})
    },
  }
}

function toPiece({ done, value }: { done?: boolean | undefined; value?: unknown }): Uint8Array | undefined {
  if (done) return undefined
  if (ArrayBuffer.isView(value)) return value as Uint8Array
  throw new TypeError(`its pieces must be Uint8Arrays, not of type ${typeof value}`)
}
