import { Subject } from 'rxjs'
import type { FeedGate } from '../progress/progress.ts'

/** Holds the feeds of a job back. */
export class JobGate implements FeedGate {
  readonly #changes = new Subject<boolean>()
  readonly #reasons = new Set<unknown>()
  #isOverruled = false

  get shut(): boolean {
    return this.#reasons.size > 0 && !this.#isOverruled
  }

  get changes(): FeedGate['changes'] {
    return this.#changes
  }

  /** The gate is shut as long as there is a reason. */
  set(reason: unknown, isShut: boolean): void {
    this.#change(() => {
      if (isShut) this.#reasons.add(reason)
      else this.#reasons.delete(reason)
    })
  }

  /** While overruled, the gate is open, for any reason. */
  overrule(isOverruled: boolean): void {
    this.#change(() => {
      this.#isOverruled = isOverruled
    })
  }

  #change(work: () => void): void {
    const before = this.shut
    work()
    if (this.shut !== before) this.#changes.next(this.shut)
  }
}

/** A gate that is shut while one of two is. */
export function combineGates(one: FeedGate, other: FeedGate | undefined): FeedGate {
  if (other === undefined) return one
  return {
    get shut() {
      return one.shut || other.shut
    },
    changes: {
      subscribe(next) {
        let before = one.shut || other.shut
        const tell = () => {
          const shut = one.shut || other.shut
          if (shut === before) return
          before = shut
          next(shut)
        }
        const subscriptions = [one.changes.subscribe(tell), other.changes.subscribe(tell)]
        return {
          unsubscribe() {
            for (const subscription of subscriptions) subscription.unsubscribe()
          },
        }
      },
    },
  }
}
