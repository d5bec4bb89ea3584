import { Heap } from './heap.ts'

/** Something that has to be seen to when the watermark comes to `at`. */
export interface Appointed {
  /** Infinity: nothing is to be done. Set by the agenda alone. */
  at: number
  /** Which of those with the same time goes first. */
  readonly order: number
}

/**
 * Who is next, by time and then by order. Windows of many keys end at the same time, so the heap is of times, and each
 * has a list. Moving an appointment leaves the old one where it is, to be skipped when it comes up, or swept out once such
 * leftovers are the greater part.
 */
export class Agenda<A extends Appointed> {
  readonly #times = new Heap<Time<A>>((a, b) => a.at < b.at)
  readonly #byTime = new Map<number, Time<A>>()
  #spare: Time<A> | undefined
  /** The time of the last appointment, which is often that of the next one too; to look up a float takes longer than it seems. */
  #latest: Time<A> | undefined
  #appointed = 0
  #listed = 0

  appoint(who: A, at: number): void {
    if (who.at === at) return
    if (who.at !== Number.POSITIVE_INFINITY) this.#appointed--
    who.at = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#appointed++
    this.#list(who, at)
    if (this.#listed > 2 * this.#appointed + 64) this.#sweep()
  }

  /** How many entries there are, with the leftovers: 64 and twice as many as have ever been appointed at once, at most. */
  get listed(): number {
    return this.#listed
  }

  /** Before this nobody is due. Cheaper than `next`, as it may still be the time of somebody who has been put off. */
  get earliest(): number {
    return this.#times.peek()?.at ?? Number.POSITIVE_INFINITY
  }

  /** When the next one is due; Infinity where nobody is. */
  next(): number {
    return this.#nextTime()?.at ?? Number.POSITIVE_INFINITY
  }

  /** Takes the next one that is due off the agenda. */
  takeDue(by: number): A | undefined {
    const time = this.#nextTime()
    if (time === undefined || time.at > by) return undefined
    if (!time.isSorted) sort(time)
    for (;;) {
      // Somebody in the list is still appointed for this time, or it would not be the next one.
      const who = time.list[time.taken++] as A
      this.#listed--
      if (who.at !== time.at) continue
      this.appoint(who, Number.POSITIVE_INFINITY)
      return who
    }
  }

  #list(who: A, at: number): void {
    this.#listed++
    const time = at === this.#latest?.at ? this.#latest : this.#byTime.get(at)
    if (time === undefined) {
      // One key's windows make a new time at every firing: the list that has just been emptied serves again.
      const first = this.#spare ?? { at, list: [], taken: 0, isSorted: true }
      this.#spare = undefined
      first.at = at
      first.list.push(who)
      this.#byTime.set(at, first)
      this.#times.push(first)
      this.#latest = first
      return
    }
    this.#latest = time
    const last = time.list[time.list.length - 1]
    if (last !== undefined && last.order > who.order) time.isSorted = false
    time.list.push(who)
  }

  /** The first time that somebody is still appointed for. */
  #nextTime(): Time<A> | undefined {
    for (let time = this.#times.peek(); time !== undefined; time = this.#times.peek()) {
      for (let who = time.list[time.taken]; who !== undefined; who = time.list[time.taken]) {
        if (who.at === time.at) return time
        time.taken++
        this.#listed--
      }
      this.#times.pop()
      this.#byTime.delete(time.at)
      if (time === this.#latest) this.#latest = undefined
      time.list.length = 0
      time.taken = 0
      time.isSorted = true
      this.#spare = time
    }
    return undefined
  }

  #sweep(): void {
    for (const time of this.#byTime.values()) {
      this.#listed -= time.list.length - time.taken
      time.list = time.list.slice(time.taken).filter((who) => who.at === time.at)
      time.taken = 0
      this.#listed += time.list.length
      if (time.list.length === 0) this.#byTime.delete(time.at)
    }
    this.#latest = undefined
    this.#times.retain((time) => time.list.length > 0)
  }
}

interface Time<A> {
  at: number
  list: A[]
  /** How many of the list have been taken, or skipped. */
  taken: number
  isSorted: boolean
}

function sort<A extends Appointed>(time: Time<A>): void {
  time.list = time.list.slice(time.taken).sort((a, b) => a.order - b.order)
  time.taken = 0
  time.isSorted = true
}
