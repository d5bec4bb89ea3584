import type { Cancel, Clock } from '../connection/clock.ts'
import type { ClusterContext } from './context.ts'
import { ClusterError } from './errors.ts'
import type { Call } from './protocol.ts'

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly deadline: number
  readonly appends: boolean
  sent: boolean
}

/** Calls that wait for an answer, each for the same time. One timer serves them all. */
export class PendingCalls {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #onError: (error: unknown) => void
  /** In the order of their deadlines. */
  readonly #pending = new Map<number, Pending>()
  #count = 0
  #cancel: Cancel | undefined

  constructor({ clock, timeout, onError }: Pick<ClusterContext, 'clock' | 'timeout' | 'onError'>) {
    this.#clock = clock
    this.#timeout = timeout
    this.#onError = onError
  }

  /** `resolve` is called as the answer is read, before what follows it; if it throws, the call is rejected. */
  add(
    create: (n: number) => Call,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): Call {
    const n = ++this.#count
    const call = create(n)
    const deadline = this.#clock.now() + this.#timeout
    this.#pending.set(n, { resolve, reject, deadline, appends: call[1] === 'append', sent: false })
    this.#cancel ??= this.#clock.after(this.#timeout, () => this.#sweep())
    return call
  }

  get size(): number {
    return this.#pending.size
  }

  has(n: number): boolean {
    return this.#pending.has(n)
  }

  sent(n: number): void {
    const pending = this.#pending.get(n)
    if (pending !== undefined) pending.sent = true
  }

  resolve(n: number, value: unknown): void {
    const pending = this.#take(n)
    if (pending === undefined) return
    try {
      pending.resolve(value)
    } catch (error) {
      this.#onError(error)
      pending.reject(error)
    }
  }

  reject(n: number, error: ClusterError): void {
    this.#take(n)?.reject(error)
  }

  rejectAll(error: ClusterError): void {
    for (const n of [...this.#pending.keys()]) this.#fail(n, error.code, error.message)
  }

  #sweep(): void {
    this.#cancel = undefined
    const now = this.#clock.now()
    for (const [n, { deadline }] of this.#pending) {
      if (deadline > now) {
        this.#cancel = this.#clock.after(deadline - now, () => this.#sweep())
        return
      }
      this.#fail(
        n,
        'timeout',
        `the primary did not answer within ${this.#timeout} ms; it has to open the log with clusterLog, under the same name`,
      )
    }
  }

  #fail(n: number, code: ClusterError['code'], text: string): void {
    const pending = this.#take(n)
    pending?.reject(new ClusterError(code, text, { mayBeAppended: pending.appends && pending.sent }))
  }

  #take(n: number): Pending | undefined {
    const pending = this.#pending.get(n)
    this.#pending.delete(n)
    if (this.#pending.size === 0) {
      this.#cancel?.()
      this.#cancel = undefined
    }
    return pending
  }
}
