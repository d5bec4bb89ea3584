import { type Duration, parseDuration } from '../duration.ts'
import { encodeRetry } from '../wire/encode.ts'

/**
 * The reconnection time. Each client is told one of its own, between one and two times this, so that those who lose a
 * server together do not all come back at once: an EventSource adds nothing at random itself.
 */
export interface Retry {
  /** Milliseconds. */
  readonly base: number
  /** The line that a connection opens with; empty where nothing is to be said. */
  opening(): string
}

/** `false` says nothing, and readers choose. Default: 2 seconds, enough for 20,000 clients of one node. */
export function resolveRetry(retry: Duration | false = '2s', random: () => number): Retry {
  const base = retry === false ? BROWSER_RETRY_MS : parseDuration(retry, 'retry')
  return { base, opening: () => (retry === false ? '' : encodeRetry(spread(base, random))) }
}

/** Between one and two times `base`: whole milliseconds. */
export function spread(base: number, random: () => number): number {
  return Math.round(base * (1 + random()))
}

/** Milliseconds that browsers wait where they are told nothing. */
const BROWSER_RETRY_MS = 3_000
