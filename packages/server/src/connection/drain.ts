import { type Duration, parseTimeout } from '@rxsse/shared'
import type { Hub } from '../fan-out/hub.ts'
import { encodeRetry } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import type { Clock } from './clock.ts'
import { addJitter } from './reconnection-time.ts'

export interface CloseOptions {
  /** How long clients may take to read what was sent. Then they are cut off. Default `'5s'`. */
  readonly drain?: Duration
}

export interface DrainContext {
  /** The reconnection time in milliseconds, without jitter. */
  readonly retry: number
  readonly clock: Clock
  readonly random: () => number
}

/** Ends every connection, each with a reconnection time. Resolves when all have closed. */
export async function drainConnections(
  hub: Hub,
  { drain = '5s' }: CloseOptions,
  { retry, clock, random }: DrainContext,
): Promise<void> {
  const timeout = parseTimeout(drain, 'close: drain')
  hub.flush()
  for (const connection of hub.connections()) {
    connection.end(new EncodedEvent(`${encodeRetry(addJitter(retry, random))}\n`))
  }
  if (hub.size === 0) return
  const cancel = clock.after(timeout, () => {
    for (const connection of hub.connections()) connection.destroy()
  })
  await new Promise<void>((resolve) => hub.whenEmpty(resolve))
  cancel()
}
