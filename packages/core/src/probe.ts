import { asyncScheduler, Observable } from 'rxjs'
import { type Duration, milliseconds } from './duration.ts'
import { EventSourceError, type EventSourceErrorCode } from './errors.ts'
import type { SseEvent } from './event.ts'
import type { EventSourceOptions } from './options.ts'
import type { ConnectionState } from './state.ts'

/** How far a probe has come. */
export type ProbeStep =
  | { readonly step: 'constructed' }
  | { readonly step: 'connecting' | 'open'; readonly url: string }
  | { readonly step: 'event'; readonly event: SseEvent }

/** The options of `probeEventSource`: those of a source, but for what only a stream that goes on has. */
export interface ProbeOptions extends Omit<EventSourceOptions, 'reconnect' | 'gate' | 'state'> {
  /** How long the first event may take. Default `'30s'`. */
  readonly timeout?: Duration
}

/**
 * Tries an endpoint once: emits how far it comes, and completes with its first event. Errors with what is wrong, with a timeout,
 * and where the stream ends before an event.
 */
export function probe(
  open: (options: EventSourceOptions) => Observable<SseEvent>,
  { timeout = 30_000, ...options }: ProbeOptions,
): Observable<ProbeStep> {
  const limit = milliseconds(timeout, 'timeout')
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
      open({ ...options, reconnect: false, state }).subscribe({
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
