import { type Observer, Subscriber } from 'rxjs'

/** A subscriber that ends with `out`. It is added to `out` from the start, so that a synchronous source stops too. */
export class InnerSubscriber<T> extends Subscriber<T> {
  readonly #observer: Observer<T>

  constructor(out: Subscriber<unknown>, observer: Observer<T>) {
    super(out)
    this.#observer = observer
  }

  protected override _next(value: T): void {
    this.#observer.next(value)
  }

  protected override _error(error: unknown): void {
    this.unsubscribe()
    this.#observer.error(error)
  }

  protected override _complete(): void {
    this.unsubscribe()
    this.#observer.complete()
  }
}
