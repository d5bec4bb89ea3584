import { type Duration, parseTimeout, type SseEvent } from '@rxsse/shared'
import { asyncScheduler, Observable } from 'rxjs'
import { EventSourceError, type EventSourceErrorCode } from '../errors/event-source-error.ts'
import type { UrlInput } from '../request/request-options.ts'
import { fromEventSource } from './from-event-source.ts'
import type { EventSourceOptions } from './options.ts'
import type { ConnectionState } from './state.ts'

/** A step that a probe has reached. */
export type ProbeStep =
  | { readonly step: 'constructed' }
  | { readonly step: 'connecting' | 'open'; readonly url: string }
  | { readonly step: 'event'; readonly event: SseEvent }

/** The options of `probeEventSource`: those of `fromEventSource` that make sense for a single connection. */
export interface ProbeOptions extends Omit<EventSourceOptions, 'reconnect' | 'gate' | 'state'> {
  /** The longest time until the first event. Default `'30s'`. */
  readonly timeout?: Duration
}

/**
 * Tries an endpoint once. Emits each step it reaches and completes with the first event. Errors with an `EventSourceError`
 * if the connection fails, if no event comes in time, or if the stream ends before an event.
 */
export function probeEventSource(
  url: UrlInput,
  { timeout = 30_000, ...options }: ProbeOptions = {},
): Observable<ProbeStep> {
  const limit = parseTimeout(timeout, 'timeout')
  const { scheduler = asyncScheduler } = options
  return new Observable((subscriber) => {
    const state = {
      next(now: ConnectionState): void {
        if ('url' in now) subscriber.next({ step: now.status, url: now.url })
      },
    }
    const fail = (code: EventSourceErrorCode, message: string): void =>
      subscriber.error(new EventSourceError(code, message))

    subscriber.next({ step: 'constructed' })
    subscriber.add(scheduler.schedule(() => fail('idle-timeout', `no event came within ${limit} ms`), limit))
    subscriber.add(
      fromEventSource(url, { ...options, reconnect: false, state }).subscribe({
        next(event) {
          subscriber.next({ step: 'event', event })
          subscriber.complete()
        },
        error: (error) => subscriber.error(error),
        complete: () => fail('network', 'the stream ended before an event'),
      }),
    )
  })
}
