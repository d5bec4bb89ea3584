import { type Observable, Subject } from 'rxjs'
import type { SinkRequest } from '../http/request.ts'

/**
 * Shut while the client reads more slowly than its pipeline sends. A source that honours it, such
 * as `fromEventSource(url, { gate: request.gate })` of `@rxsse/core`, stops reading meanwhile.
 */
export interface ResponseGate {
  readonly shut: boolean
  /** Emits when the gate shuts (`true`) or opens (`false`). */
  readonly changes: Observable<boolean>
}

/** A request for a pipeline of its own. */
export interface StreamRequest extends SinkRequest {
  readonly gate: ResponseGate
}

/** A gate, and the function that shuts and opens it. */
export function createResponseGate(): { gate: ResponseGate; setShut(shut: boolean): void } {
  const changes = new Subject<boolean>()
  let isShut = false
  return {
    gate: {
      get shut() {
        return isShut
      },
      changes: changes.asObservable(),
    },
    setShut(shut) {
      if (shut === isShut) return
      isShut = shut
      changes.next(shut)
    },
  }
}

/** The same request with a gate. Its properties are still created when first read. */
export function withGate(request: SinkRequest, gate: ResponseGate): StreamRequest {
  return {
    gate,
    raw: request.raw,
    method: request.method,
    get url() {
      return request.url
    },
    get headers() {
      return request.headers
    },
    get signal() {
      return request.signal
    },
  }
}
