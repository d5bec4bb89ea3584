import type { Duration } from '@rxsse/shared'
import type { Hub } from '../fan-out/hub.ts'
import { encodeComment, encodeRetry } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'
import type { Clock } from './clock.ts'
import { addJitter } from './reconnection-time.ts'

export interface CloseOptions {
  /** How long running answers of `streamTo` may take to complete. Then they are cut. Default 0. */
  readonly finish?: Duration
  /**
   * How long clients that are behind may take to read what was sent. Then they are cut off. Clients
   * that keep up receive everything. Default 0.
   */
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
  timeout: number,
  { retry, clock, random }: DrainContext,
): Promise<void> {
  hub.flush()
  for (const connection of hub.connections()) connection.end(encodeReturn(addJitter(retry, random)))
  const cutThoseBehind = clock.after(timeout, () => {
    for (const connection of hub.connections()) if (connection.isBehind) connection.destroy()
  })
  const cutAll = clock.after(Math.max(timeout, TRANSPORT_CLOSE_MS), () => {
    for (const connection of hub.connections()) connection.destroy()
  })
  if (hub.size > 0) await new Promise<void>((resolve) => hub.whenEmpty(resolve))
  cutThoseBehind()
  cutAll()
}

/** When to come back. No blank line follows, so that no reader takes it for an event. */
export function encodeReturn(milliseconds: number): EncodedEvent {
  return new EncodedEvent(encodeComment('reconnect') + encodeRetry(milliseconds))
}

/** A transport that has ended needs a round trip to close. */
const TRANSPORT_CLOSE_MS = 500
