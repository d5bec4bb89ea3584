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

/** The request of a pipeline, and what tells it how its client is doing. */
export interface PipelineRequest {
  readonly request: StreamRequest
  /** Shuts the gate, or opens it. */
  setShut(shut: boolean): void
  /** Aborts the signal. */
  end(): void
}

/** Properties of the request are still created when first read. */
export function createPipelineRequest(request: SinkRequest): PipelineRequest {
  const changes = new Subject<boolean>()
  let isShut = false
  let hasEnded = false
  let controller: AbortController | undefined
  const gate: ResponseGate = {
    get shut() {
      return isShut
    },
    changes: changes.asObservable(),
  }
  return {
    request: {
      gate,
      raw: request.raw,
      method: request.method,
      get url() {
        return request.url
      },
      get headers() {
        return request.headers
      },
      // That of the adapter does not abort after its connection has been taken over.
      get signal() {
        controller ??= new AbortController()
        if (hasEnded || request.signal.aborted) controller.abort()
        return controller.signal
      },
    },
    setShut(shut) {
      if (shut === isShut) return
      isShut = shut
      changes.next(shut)
    },
    end() {
      hasEnded = true
      controller?.abort()
    },
  }
}
