import { atLeast } from './at-least.ts'
import { type Duration, longestDelay, milliseconds } from './duration.ts'
import { EventSourceError } from './errors.ts'

/** When and how soon a lost stream is connected again. */
export interface ReconnectOptions {
  /** The reconnection time until the server sends a `retry:`. Default `'1s'`. */
  readonly initialDelay?: Duration
  /** What each further failure in a row multiplies the delay by. Default 2. */
  readonly factor?: number
  /** What growth stops at; a longer delay the server asked for is kept. Default `'30s'`. */
  readonly maxDelay?: Duration
  /** No delay is shorter, whatever the server says. Default `'50ms'`. */
  readonly minDelay?: Duration
  /** The longest delay a server may ask for, by `retry:` or `Retry-After`. Default `'1h'`. */
  readonly maxServerDelay?: Duration
  /** Up to this share of the delay is added at random, so that clients do not return as one. Default 1: up to twice the delay. */
  readonly jitter?: number
  /** A connection that was open this long starts the count of failures anew. Default `'30s'`. */
  readonly resetAfter?: Duration
  /** Connections in a row that may be lost within `resetAfter`, a proper end included, before the stream errors with `retries-exhausted`. Default: no limit. */
  readonly maxAttempts?: number
  /** What the end of a connection means. Default {@link defaultDecide}. */
  readonly decide?: Decide
  /** Send POST and other methods that are not idempotent again. Default false: a proper end completes the stream, anything else errors it, and `decide` is not asked. */
  readonly unsafeMethods?: boolean
}

/** How a connection ended: with an error, or properly. */
export interface ConnectionEnd {
  /** What it ended with; undefined where the server ended the response properly. */
  readonly error: EventSourceError | undefined
  /** Which connection it was, from 1. */
  readonly attempt: number
}

/** `retry` connects again, `complete` completes the Observable, `fail` errors it (a proper end completes it then, too). */
export type Decision = 'retry' | 'complete' | 'fail'

/** Says what the end of a connection means. */
export type Decide = (end: ConnectionEnd) => Decision

/**
 * Network errors, failed factories, silence, a proper end, 408, 425, 429 and every 5xx are tried again; 204 completes;
 * any other status, a wrong content type, a bad redirect, an oversized event and a certificate that does not verify are final.
 */
export const defaultDecide: Decide = ({ error }) => {
  if (error === undefined || passing.has(error.code)) return 'retry'
  const { status = 0 } = error
  if (status === 204) return 'complete'
  return status === 408 || status === 425 || status === 429 || status >= 500 ? 'retry' : 'fail'
}

const passing: ReadonlySet<string> = new Set(['network', 'connect-timeout', 'idle-timeout', 'request'])

/** The HTML standard's rule to the letter: as {@link defaultDecide}, but any status other than 200 is final. */
export const strictDecide: Decide = (end) => (end.error?.code === 'http-status' ? 'fail' : defaultDecide(end))

/** For what is sent once: whether it was answered is all that counts. */
const decideOnce: Decide = ({ error }) => (error === undefined || error.status === 204 ? 'complete' : 'fail')

/** {@link ReconnectOptions} with every default in place, in milliseconds. */
export interface ReconnectPolicy {
  readonly initialDelay: number
  readonly factor: number
  readonly maxDelay: number
  readonly minDelay: number
  readonly maxServerDelay: number
  readonly jitter: number
  readonly resetAfter: number
  readonly maxAttempts: number
  readonly decide: Decide
}

/** The policy for requests of a method; `false` is that of a single response. */
export function reconnectPolicy(input: false | ReconnectOptions, method: string): ReconnectPolicy {
  const options = input === false ? {} : input
  const resend = input !== false && (idempotent.test(method) || options.unsafeMethods === true)
  return {
    initialDelay: milliseconds(options.initialDelay ?? 1000, 'reconnect.initialDelay'),
    factor: atLeast(1, options.factor ?? 2, 'reconnect.factor'),
    maxDelay: milliseconds(options.maxDelay ?? 30_000, 'reconnect.maxDelay'),
    minDelay: milliseconds(options.minDelay ?? 50, 'reconnect.minDelay'),
    maxServerDelay: milliseconds(options.maxServerDelay ?? 3_600_000, 'reconnect.maxServerDelay'),
    jitter: atLeast(0, options.jitter ?? 1, 'reconnect.jitter'),
    resetAfter: milliseconds(options.resetAfter ?? 30_000, 'reconnect.resetAfter'),
    maxAttempts: atLeast(1, options.maxAttempts ?? Number.POSITIVE_INFINITY, 'reconnect.maxAttempts'),
    decide: resend ? (options.decide ?? defaultDecide) : decideOnce,
  }
}

/** RFC 9110, 9.2.2, and QUERY. */
const idempotent = /^(GET|HEAD|PUT|DELETE|OPTIONS|TRACE|QUERY)$/

/** What the plan for the next connection depends on, beside the policy. */
export interface ReconnectHistory {
  /** Failures in a row before this one. */
  readonly failures: number
  /** How long the connection was open, in milliseconds; negative where it never was. */
  readonly openFor: number
  /** The last `retry:` of the stream. */
  readonly serverRetry: number | undefined
  /** The `Retry-After` of the answer, in milliseconds. */
  readonly retryAfter: number | undefined
}

/** What to do next. `failures` goes into the next history. */
export type ReconnectPlan =
  | { readonly next: 'retry'; readonly delay: number; readonly failures: number }
  | { readonly next: 'complete' }
  | { readonly next: 'fail'; readonly error: EventSourceError }

/**
 * Whether and when to connect again, as a pure function of how the connection ended and what came before.
 * `random` is one number from [0, 1).
 */
export function planReconnect(
  end: ConnectionEnd,
  history: ReconnectHistory,
  policy: ReconnectPolicy,
  random: number,
): ReconnectPlan {
  const decision = policy.decide(end)
  if (decision !== 'retry') {
    return decision === 'fail' && end.error !== undefined
      ? { next: 'fail', error: end.error }
      : { next: 'complete' }
  }
  const healthy = history.openFor >= policy.resetAfter
  const failures = healthy ? 1 : history.failures + 1
  if (failures >= policy.maxAttempts) return { next: 'fail', error: exhausted(end, failures) }
  return { next: 'retry', delay: delayBefore(failures, history, policy, random), failures }
}

function delayBefore(
  failures: number,
  { serverRetry, retryAfter = 0 }: ReconnectHistory,
  policy: ReconnectPolicy,
  random: number,
): number {
  const asked = serverRetry === undefined ? policy.initialDelay : Math.min(serverRetry, policy.maxServerDelay)
  // From the floor, so that `retry: 0` backs off like any other when the server stays away.
  const start = Math.max(policy.minDelay, asked)
  // Bounded, as infinity times nothing is no number.
  const growth = Math.min(policy.factor ** (failures - 1), Number.MAX_VALUE)
  const jitter = Math.min(policy.jitter, Number.MAX_VALUE) * (random > 0 ? Math.min(random, 1) : 0)
  const grown = Math.min(start * growth, Math.max(start, policy.maxDelay))
  const base = Math.max(grown, Math.min(retryAfter, policy.maxServerDelay))
  // Only ever longer: a client may wait more than the reconnection time, never less (HTML standard, 9.2.3).
  return Math.min(Math.ceil(base * (1 + jitter)), longestDelay)
}

function exhausted({ error, attempt }: ConnectionEnd, failures: number): EventSourceError {
  const message = `the stream was lost ${failures} times in a row, which is reconnect.maxAttempts`
  const { status, url, body } = error ?? {}
  return new EventSourceError('retries-exhausted', message, { status, url, attempt, body, cause: error })
}
