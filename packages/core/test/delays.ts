import type { VirtualClock } from '@rxsse/testing/virtual-time'
import type { Recording } from './record.ts'

/** Waits for `count` states `waiting`, advances the clock by each delay, and returns the delays. */
export async function delaysOf(stream: Recording, clock: VirtualClock, count: number): Promise<number[]> {
  const delays: number[] = []
  for (let nth = 1; nth <= count; nth++) {
    const { delay } = await stream.state('waiting', nth)
    delays.push(delay)
    clock.advanceBy(delay)
  }
  return delays
}
