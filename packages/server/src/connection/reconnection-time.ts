import { type Duration, parseTimeout } from '@rxsse/shared'
import { encodeRetry } from '../wire/encode.ts'

/**
 * How long clients wait before they connect again. Each client gets a random time from `base` to
 * twice `base`, so that clients that lose a server together do not all come back at once. An
 * EventSource adds no randomness itself.
 */
export interface ReconnectionTime {
  /** Milliseconds. */
  readonly base: number
  /** A `retry` line for one client. Empty if the clients choose themselves. */
  encode(): string
}

/** `false` leaves the choice to the clients. The default suits 20,000 clients of one server. */
export function resolveReconnectionTime(
  retry: Duration | false = '2s',
  random: () => number,
): ReconnectionTime {
  const base = retry === false ? BROWSER_RETRY_MS : parseTimeout(retry, 'retry')
  return { base, encode: () => (retry === false ? '' : encodeRetry(addJitter(base, random))) }
}

/** A random whole number of milliseconds from `base` to twice `base`. */
export function addJitter(base: number, random: () => number): number {
  return Math.round(base * (1 + random()))
}

/** The time that browsers wait without a `retry` line. */
const BROWSER_RETRY_MS = 3_000
