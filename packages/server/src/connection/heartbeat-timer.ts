import type { Hub } from '../fan-out/hub.ts'
import type { Sequencer } from '../replay/sequencer.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Heartbeat } from './heartbeat.ts'

/** The one heartbeat timer of a sink, which runs while there are connections. */
export interface HeartbeatTimer {
  /** There is a connection. */
  start(): void
  /** One has gone; stops the timer after the last. */
  rest(): void
}

export function createHeartbeatTimer(
  heartbeat: Heartbeat | undefined,
  hub: Hub,
  sequencer: Pick<Sequencer, 'cursor'>,
  clock: Clock,
): HeartbeatTimer {
  let cancel: Cancel | undefined
  return {
    start() {
      if (heartbeat === undefined) return
      cancel ??= clock.every(heartbeat.interval, () => hub.beat(heartbeat, sequencer.cursor))
    },
    rest() {
      if (hub.size > 0) return
      cancel?.()
      cancel = undefined
    },
  }
}
