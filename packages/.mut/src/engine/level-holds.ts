import type { Scheduled } from './queues/timer-queue.ts'

/** The level of a key. Levels are numbers from 0, and a value that has reached one has reached all below it. */
export interface HeldLevel extends Scheduled {
  /** The level that counts. */
  level: number
  /** The level that the latest value has reached. */
  reached: number
  /** For each level above 0: since when it has been reached, or not been reached. */
  readonly since: number[]
}

/**
 * Levels that count once they have held: a level is entered if all values of a time have reached it, and left if none of them
 * has. So with values that reach level 1 and a minute later level 2, level 2 counts a minute after level 1.
 */
export class LevelHolds {
  readonly #duration: number

  /** `duration` in the unit of the times. */
  constructor(duration: number) {
    this.#duration = duration
  }

  /** The newest value has reached this level. It stays until the next call. */
  reach(held: HeldLevel, level: number, now: number): void {
    const lower = Math.min(level, held.reached)
    const upper = Math.max(level, held.reached)
    for (let changed = lower + 1; changed <= upper; changed++) held.since[changed] = now
    held.reached = level
  }

  /** When another level counts if no value comes. Infinity: never. */
  dueAt({ level, reached, since }: HeldLevel): number {
    if (reached === level) return Number.POSITIVE_INFINITY
    // The level next to the one that counts has held the longest.
    return (since[reached > level ? level + 1 : level] as number) + this.#duration
  }

  /** The time is `dueAt`: moves to the level that counts from now on. */
  settle(held: HeldLevel): void {
    const due = this.dueAt(held)
    const step = held.reached > held.level ? 1 : -1
    do held.level += step
    while (held.reached !== held.level && this.dueAt(held) <= due)
  }
}
