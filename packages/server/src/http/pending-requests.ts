import type { SinkRequest } from './request.ts'
import type { Disconnection, RequestScope } from './request-scope.ts'
import type { SinkResponse } from './response.ts'

interface PendingRequest {
  readonly scope: RequestScope
  refuse(): void
}

/**
 * The requests that wait for their response. Each gets one: its own, or a refusal as soon as the
 * client leaves or the endpoint closes.
 */
export class PendingRequests {
  readonly #pending = new Set<PendingRequest>()
  /** The requests that have no connection yet, also those whose response is on its way. */
  readonly #unopened = new Set<RequestScope>()

  /** A request has come. It counts until its scope ends or its connection opens. */
  enter(scope: RequestScope): void {
    this.#unopened.add(scope)
    scope.hold(() => this.opened(scope))
  }

  opened(scope: RequestScope): void {
    this.#unopened.delete(scope)
  }

  /** Ends the connections of those that it means as soon as they open. */
  disconnect(disconnection: Disconnection): void {
    for (const scope of this.#unopened) scope.disconnect(disconnection)
  }

  /** `response` must not reject. */
  wait(
    { signal }: SinkRequest,
    scope: RequestScope,
    response: Promise<SinkResponse>,
    createRefusal: () => SinkResponse,
  ): Promise<SinkResponse> {
    return new Promise((resolve) => {
      const settle = (settled: SinkResponse) => {
        this.#pending.delete(pending)
        signal.removeEventListener('abort', refuse)
        resolve(settled)
      }
      const refuse = () => {
        scope.end()
        settle(createRefusal())
      }
      const pending: PendingRequest = { scope, refuse }
      this.#pending.add(pending)
      signal.addEventListener('abort', refuse, { once: true })
      response.then((ready) => {
        if (this.#pending.has(pending)) settle(ready)
        else ready.abandoned?.()
      })
      if (signal.aborted) refuse()
    })
  }

  /** Refuses the requests whose stream has not begun to be made, or all. */
  refuse(which: 'not begun' | 'all'): void {
    for (const { scope, refuse } of this.#pending) if (which === 'all' || !scope.hasBegun) refuse()
  }
}
