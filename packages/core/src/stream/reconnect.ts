import { type Duration, LONGEST_TIMER, parseTimeout, requireNumber } from '@rxsse/shared'
import { EventSourceError } from '../errors/event-source-error.ts'
import { requireAnswer } from './require-answer.ts'

/** When a lost stream is connected again. */
export interface ReconnectOptions {
  /** The reconnection time until the server sends a `retry:`. Default `'1s'`. */
  readonly initialDelay?: Duration
  /** Each further failure in a row multiplies the delay by this. Default 2. */
  readonly factor?: number
  /** The delay grows up to this. A longer delay that the server asks for is kept. Default `'30s'`. */
  readonly maxDelay?: Duration
  /** The shortest delay, even if the server asks for less. Default `'50ms'`. */
  readonly minDelay?: Duration
  /** The longest delay a server may ask for, by `retry:` or `Retry-After`. Default `'1h'`. */
  readonly maxServerDelay?: Duration
  /** Up to this share of the delay is added at random, so that clients do not return all at once. Default 1: up to twice the delay. */
  readonly jitter?: number
  /**
   * A connection that was open this long resets the count of failures when it is lost. Default `'30s'`.
   * A proper end always resets it after an event, a new last event ID, or a time open of a second that is no shorter than the
   * delay would be.
   */
  readonly resetAfter?: Duration
  /**
   * The stream errors with `retries-exhausted` when this many connections in a row fail. A proper end counts if the
   * connection received no event and was open for less than a second, or than the delay would be. Default: no limit.
   */
  readonly maxAttempts?: number
  /** Decides what follows the end of a connection. Default {@link defaultDecide}. */
  readonly decide?: Decide
  /**
   * Whether to send POST and other methods that are not idempotent again. Default false: a proper end completes the stream,
   * anything else errors it, and `decide` is not called. If `method` is a function that answers with an idempotent method
   * for the next connection, such as GET to resume, the stream goes on.
   */
  readonly unsafeMethods?: boolean
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** Undefined if the server ended the response properly. */
  readonly error: EventSourceError | undefined
  /** The number of the connection, from 1. */
  readonly attempt: number
  /** Failures in a row before this end. */
  readonly failures: number
  /** Whether the server answered with an event stream. */
  readonly opened: boolean
  /** The number of events that the connection delivered. */
  readonly events: number
  /** The error of the connection before this one. Undefined if there is none, or if that one ended properly. */
  readonly previousError: EventSourceError | undefined
  /** The `Retry-After` of the response, in milliseconds. */
  readonly retryAfter: number | undefined
}

/**
 * - `'retry'` connects again.
 * - `{ retry: duration }` connects again after that time instead of the growing delay and `Retry-After`, but not before `minDelay`.
 * - `'complete'` completes the Observable.
 * - `'fail'` errors it. After a proper end, it completes it.
 */
export type Decision = 'retry' | 'complete' | 'fail' | { readonly retry: Duration }

/** Decides what follows the end of a connection. */
export type Decide = (end: ConnectionEnd) => Decision

/**
 * Retries after network errors, failed factories, timeouts, a proper end, 408, 425, 429 and every 5xx. Completes on 204.
 * Fails on any other status, a wrong content type, a bad redirect, an oversized event, a certificate that does not verify,
 * and a response that this transport cannot read.
 */
export const defaultDecide: Decide = ({ error }) => {
  if (error === undefined) return 'retry'
  const { code, status = 0 } = error
  // A factory that failed has no response. With one, the transport cannot read any.
  if (RETRYABLE.test(code)) return code === 'request' && status > 0 ? 'fail' : 'retry'
  if (status === 204) return 'complete'
  return status === 408 || status === 425 || status === 429 || status >= 500 ? 'retry' : 'fail'
}

const RETRYABLE = /^(network|request|.+-timeout)$/

/** The HTML standard's rule: as {@link defaultDecide}, but fails on any status other than 200. */
export const strictDecide: Decide = (end) => (end.error?.code === 'http-status' ? 'fail' : defaultDecide(end))

/** For a request that is sent only once. */
const decideOnce: Decide = ({ error }) =>
  // An `incomplete` keeps the status of its cause.
  !error || (error.code === 'http-status' && error.status === 204) ? 'complete' : 'fail'

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
  /** Which requests are followed by another one: none, those that are safe to send again, or all. */
  readonly resend: 'never' | 'idempotent' | 'always'
}

/** Fills in the defaults. `false` reads a single response. */
export function resolveReconnect(input: false | ReconnectOptions): ReconnectPolicy {
  const options = input === false ? {} : input
  return {
    initialDelay: parseTimeout(options.initialDelay ?? 1000, 'reconnect.initialDelay'),
    factor: requireNumber(options.factor ?? 2, 'reconnect.factor', 1),
    maxDelay: parseTimeout(options.maxDelay ?? 30_000, 'reconnect.maxDelay'),
    minDelay: parseTimeout(options.minDelay ?? 50, 'reconnect.minDelay'),
    maxServerDelay: parseTimeout(options.maxServerDelay ?? 3_600_000, 'reconnect.maxServerDelay'),
    jitter: requireNumber(options.jitter ?? 1, 'reconnect.jitter', 0),
    resetAfter: parseTimeout(options.resetAfter ?? 30_000, 'reconnect.resetAfter'),
    maxAttempts: requireNumber(options.maxAttempts ?? Number.POSITIVE_INFINITY, 'reconnect.maxAttempts', 1),
    decide: options.decide ?? defaultDecide,
    resend: input === false ? 'never' : options.unsafeMethods ? 'always' : 'idempotent',
  }
}

/** Whether a request with `method` may follow one that may have had an effect. */
export function mayResend({ resend }: ReconnectPolicy, method: string): boolean {
  return resend === 'always' || (resend === 'idempotent' && IDEMPOTENT.test(method))
}

/** The idempotent methods of RFC 9110, 9.2.2, and QUERY. */
const IDEMPOTENT = /^(GET|HEAD|PUT|DELETE|OPTIONS|TRACE|QUERY)$/

/** What else counts for the next connection. */
export interface ReconnectHistory {
  /** How long the connection was open, in milliseconds. Negative if it never opened. */
  readonly openFor: number
  /** Whether the connection received an event, also one that is filtered out, or moved the last event ID. */
  readonly progressed: boolean
  /** The last `retry:` of the stream, in milliseconds. */
  readonly serverRetry: number | undefined
  /** Whether the request must not be followed by another. `decide` is not called then. */
  readonly single: boolean
}

/** What to do next: complete the stream, fail it with an error, or connect again. */
export type ReconnectPlan =
  | 'complete'
  | EventSourceError
  | {
      readonly delay: number
      /** The shortest delay if something wakes the stream: `minDelay`, or `Retry-After`. */
      readonly earliest: number
      /** Belongs in the next end. */
      readonly failures: number
    }

/**
 * Decides whether and when to connect again: a pure function of how the connection ended and what came before. If `decide` throws,
 * it is an error.
 * `random` is a number from 0 up to, but not including, 1.
 */
export function planReconnect(
  end: ConnectionEnd,
  history: ReconnectHistory,
  policy: ReconnectPolicy,
  random: number,
): ReconnectPlan {
  try {
    const decision = history.single ? decideOnce(end) : requireAnswer(policy.decide(end), 'reconnect.decide')
    if (decision === 'complete') return decision
    if (decision === 'fail') return end.error ?? 'complete'
    const failures = countFailures(end, history, policy)
    if (failures >= policy.maxAttempts) return createExhaustedError(end, failures)
    const { minDelay, maxServerDelay } = policy
    if (decision !== 'retry') {
      const { retry } = Object(decision) as { readonly retry: Duration }
      // Throws at an answer of any other form.
      const delay = Math.max(minDelay, parseTimeout(retry, 'retry in the answer of reconnect.decide'))
      return { delay, earliest: minDelay, failures }
    }
    const earliest = Math.max(minDelay, Math.min(end.retryAfter ?? 0, maxServerDelay))
    const delay = computeDelay(failures, earliest, history.serverRetry, policy, random)
    return { delay, earliest, failures }
  } catch (cause) {
    return new EventSourceError('request', 'reconnect.decide threw', { attempt: end.attempt, cause })
  }
}

/** Failures in a row, this end included. */
function countFailures(
  { error, failures }: ConnectionEnd,
  { progressed, openFor, serverRetry }: ReconnectHistory,
  policy: ReconnectPolicy,
): number {
  // Many platforms end each response after some seconds. A quiet stream must not spend more time waiting than open.
  const delay = computeDelay(failures + 1, policy.minDelay, serverRetry, policy, 0)
  if (error === undefined && (progressed || openFor >= Math.max(QUIET_BUT_HEALTHY, delay))) return 0
  return openFor >= policy.resetAfter ? 1 : failures + 1
}

/** A connection that ends sooner and has delivered nothing counts as a failure, in milliseconds. */
const QUIET_BUT_HEALTHY = 1000

function computeDelay(
  failures: number,
  earliest: number,
  serverRetry: number | undefined,
  policy: ReconnectPolicy,
  random: number,
): number {
  const asked = serverRetry === undefined ? policy.initialDelay : Math.min(serverRetry, policy.maxServerDelay)
  // Growth starts at `minDelay` at least, so that `retry: 0` also backs off while the server is away.
  const start = Math.max(policy.minDelay, asked)
  // Infinity * 0 is NaN.
  const growth = start * policy.factor ** Math.max(0, failures - 1) || 0
  const jitter = policy.jitter * Math.min(1, Math.max(0, random)) || 0
  const grown = Math.min(growth, Math.max(start, policy.maxDelay))
  // Jitter only adds: a client may wait longer than the reconnection time, never shorter (HTML standard, 9.2.3).
  return Math.min(Math.ceil(Math.max(grown, earliest) * (1 + jitter)), LONGEST_TIMER)
}

function createExhaustedError({ error, attempt }: ConnectionEnd, failures: number): EventSourceError {
  const message = `the stream was lost ${failures} times in a row, which is reconnect.maxAttempts`
  return new EventSourceError('retries-exhausted', message, { ...error, attempt, cause: error })
}
