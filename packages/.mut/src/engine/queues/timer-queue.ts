import { Heap } from './heap.ts'

/** An entry of a {@link TimerQueue}. */
export interface Scheduled {
  /** When the entry is due. Infinity: not scheduled. Set by the queue alone. */
  at: number
  /** Entries with the same time are due in this order. */
  readonly order: number
}

/**
 * A priority queue by time, then by order. Windows of many keys end at the same time, so the heap contains times, and each
 * time has a list of entries. A rescheduled entry leaves its old place behind, which is skipped later. When more than
 * half of all places are such leftovers, they are swept out.
 */
export class TimerQueue<A extends Scheduled> {
  readonly #times = new Heap<Time<A>>((a, b) => a.at < b.at)
  readonly #byTime = new Map<number, Time<A>>()
  /** An empty time that is used again for the next new one. */
  #spare: Time<A> | undefined
  /** The time that was scheduled last, which is often the next one too. Looking up a float in a Map is slow. */
  #latest: Time<A> | undefined
  #scheduled = 0
  #listed = 0

  /** Schedules an entry, in place of its earlier time. Infinity removes it. */
  schedule(entry: A, at: number): void {
    if (entry.at === at) return
    if (entry.at !== Number.POSITIVE_INFINITY) this.#scheduled--
    entry.at = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#scheduled++
    this.#list(entry, at)
    if (this.#listed > 2 * this.#scheduled + 64) this.#sweep()
  }

  /** The number of places, leftovers included: at most 64 plus twice the largest number of scheduled entries. */
  get listed(): number {
    return this.#listed
  }

  /** No entry is due before this time. Cheaper than `next`, because it may be the time of a leftover. */
  get earliest(): number {
    return this.#times.peek()?.at ?? Number.POSITIVE_INFINITY
  }

  /** When the next entry is due. Infinity: none is scheduled. */
  next(): number {
    return this.#nextTime()?.at ?? Number.POSITIVE_INFINITY
  }

  /** Removes and returns the next entry that is due. */
  takeDue(now: number): A | undefined {
    const time = this.#nextTime()
    if (time === undefined || time.at > now) return undefined
    if (!time.isSorted) this.#sort(time)
    for (;;) {
      // The list has a scheduled entry, or `#nextTime` would have skipped this time.
      const entry = time.list[time.taken++] as A
      this.#listed--
      if (entry.at !== time.at) continue
      this.schedule(entry, Number.POSITIVE_INFINITY)
      return entry
    }
  }

  #list(entry: A, at: number): void {
    this.#listed++
    const time = at === this.#latest?.at ? this.#latest : this.#byTime.get(at)
    if (time === undefined) {
      // The windows of one key need a new time at every firing, so the list that was just emptied is used again.
      const added = this.#spare ?? { at, list: [], taken: 0, isSorted: true }
      this.#spare = undefined
      added.at = at
      added.list.push(entry)
      this.#byTime.set(at, added)
      this.#times.push(added)
      this.#latest = added
      return
    }
    this.#latest = time
    const last = time.list[time.list.length - 1]
    if (last !== undefined && last.order > entry.order) time.isSorted = false
    time.list.push(entry)
  }

  /** The first time with a scheduled entry. Drops leftovers before it. */
  #nextTime(): Time<A> | undefined {
    for (let time = this.#times.peek(); time !== undefined; time = this.#times.peek()) {
      for (let entry = time.list[time.taken]; entry !== undefined; entry = time.list[time.taken]) {
        if (entry.at === time.at) return time
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

  #sort(time: Time<A>): void {
    time.list = time.list.slice(time.taken).sort((a, b) => a.order - b.order)
    time.taken = 0
    time.isSorted = true
  }

  #sweep(): void {
    for (const time of this.#byTime.values()) {
      this.#listed -= time.list.length - time.taken
      time.list = time.list.slice(time.taken).filter((entry) => entry.at === time.at)
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
  /** How many entries at the start of the list are taken or skipped. */
  taken: number
  isSorted: boolean
}
