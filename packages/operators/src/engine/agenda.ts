import { Heap } from './heap.ts'

/** Something that has to be seen to when the watermark comes to `at`. */
export interface Appointed {
  /** Infinity: nothing is to be done. Set by the agenda alone. */
  at: number
  /** Which of those with the same time goes first. */
  readonly order: number
}

/**
 * Who is next, by time and then by order. Moving an appointment leaves the old one in the heap, to be skipped when it
 * comes up or swept out once such leftovers are the greater part.
 */
export class Agenda<A extends Appointed> {
  readonly #heap = new Heap<Appointment<A>>(
    (a, b) => a.at < b.at || (a.at === b.at && a.who.order < b.who.order),
  )
  #appointed = 0

  appoint(who: A, at: number): void {
    if (who.at === at) return
    if (who.at !== Number.POSITIVE_INFINITY) this.#appointed--
    who.at = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#appointed++
    this.#heap.push({ at, who })
    if (this.#heap.size > 2 * this.#appointed + 64) this.#heap.retain(isKept)
  }

  /** When the next one is due; Infinity where nobody is. */
  next(): number {
    for (let top = this.#heap.peek(); top !== undefined; top = this.#heap.peek()) {
      if (isKept(top)) return top.at
      this.#heap.pop()
    }
    return Number.POSITIVE_INFINITY
  }

  /** Takes the next one that is due by `watermark` off the agenda. */
  takeDue(watermark: number): A | undefined {
    if (this.next() > watermark) return undefined
    const who = this.#heap.pop()?.who
    if (who !== undefined) this.appoint(who, Number.POSITIVE_INFINITY)
    return who
  }
}

interface Appointment<A> {
  readonly at: number
  readonly who: A
}

function isKept({ at, who }: Appointment<Appointed>): boolean {
  return who.at === at
}
