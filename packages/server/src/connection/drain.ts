import { type Duration, parseDuration } from '../duration.ts'
import type { Hub } from '../fan-out/hub.ts'
import { encodeRetry } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import type { Clock } from './clock.ts'
import { spread } from './retry.ts'

export interface CloseOptions {
  /** How long clients may take to read what was sent; then their connections are cut. Default `'5s'`. */
  readonly drain?: Duration
}

export interface DrainContext {
  /** The reconnection time clients were told, in milliseconds. */
  readonly retry: number
  readonly clock: Clock
  readonly random: () => number
}

/**
 * Ends every connection. Each client is told a reconnection time of its own, between one and two times the
 * sink's, so that they do not all come back at once. Resolves when the last has gone.
 */
export async function closeConnections(
  hub: Hub,
  { drain = '5s' }: CloseOptions,
  { retry, clock, random }: DrainContext,
): Promise<void> {
  const patience = parseDuration(drain, 'close: drain')
  hub.flush()
  for (const connection of hub.connections()) {
    const delay = spread(retry, random)
    connection.end(new EncodedEvent(`${encodeRetry(delay)}\n`))
  }
  if (hub.size === 0) return
  const cut = clock.after(patience, () => {
    for (const connection of hub.connections()) connection.destroy()
  })
  await new Promise<void>((resolve) => hub.whenEmpty(resolve))
  cut()
}
