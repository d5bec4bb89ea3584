import { Subscription } from 'rxjs'
import type { Clock } from './clock.ts'

/** Calls `onOnline` when the platform is online again. Returns a function that stops it. */
export type WatchOnline = (onOnline: () => void) => () => void

/** The time between two connections. */
export interface Wait {
  /** Ends the wait now, or as soon as `earliest` has passed. */
  wake(): void
  /** Gives the wait up. */
  stop(): void
}

/** Calls `onEnd` once after `delay`, or earlier if it is woken, but never before `earliest`. Times are in milliseconds. */
export function startWait(clock: Clock, delay: number, earliest: number, onEnd: () => void): Wait {
  const timers = new Subscription()
  const mayEndAt = clock.now() + earliest
  let woken = false
  const end = (): void => {
    timers.unsubscribe()
    onEnd()
  }
  timers.add(clock.schedule(end, delay))
  return {
    wake() {
      if (timers.closed || woken) return
      woken = true
      const left = mayEndAt - clock.now()
      if (left > 0) timers.add(clock.schedule(end, left))
      else end()
    },
    stop: () => timers.unsubscribe(),
  }
}
