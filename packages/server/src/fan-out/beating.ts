import type { Cancel, Clock } from '../clock.ts'
import type { Heartbeat } from '../heartbeat.ts'
import type { Timeline } from '../timeline.ts'
import type { Hub } from './hub.ts'

/** The one heartbeat timer of a sink, which runs while there are connections. */
export interface Beating {
  /** There is a connection. */
  start(): void
  /** One has gone; stops the timer after the last. */
  rest(): void
}

export function beating(
  heartbeat: Heartbeat | undefined,
  hub: Hub,
  timeline: Pick<Timeline, 'cursor'>,
  clock: Clock,
): Beating {
  let cancel: Cancel | undefined
  return {
    start() {
      if (heartbeat === undefined) return
      cancel ??= clock.every(heartbeat.interval, () => hub.beat(heartbeat, timeline.cursor))
    },
    rest() {
      if (hub.size > 0) return
      cancel?.()
      cancel = undefined
    },
  }
}
