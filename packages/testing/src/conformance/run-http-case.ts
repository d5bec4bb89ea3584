import { setTimeout as sleep } from 'node:timers/promises'
import { createConditionWaiter } from '../servers/condition-waiter.ts'
import { createScriptedServer, type ScriptedServer } from '../servers/scripted/scripted-server.ts'
import type { HttpCase, HttpCaseOptions } from './http-cases.ts'
import { type HttpCaseObservation, judgeHttpCase, leastRequests } from './judge-http-case.ts'

/** What the runner passes to a client: the URL and the options of the case. */
export interface HttpClientRequest extends HttpCaseOptions {
  readonly url: string
  readonly initialDelayMs: number
}

/** The reports of a client to the runner. */
export interface HttpClientObserver {
  /** A response was accepted as an event stream. */
  open(): void
  event(event: { readonly type: string; readonly data: string; readonly lastEventId: string }): void
  /** A connection was lost or failed, and the client will try again. */
  lost(): void
  /** The client has given up. An `EventSource` reports this as an error with `readyState` 2. */
  failed(): void
}

/**
 * A client under test. It connects, reports and reconnects by its own rules. The function that it returns closes it.
 *
 * @example
 * ```ts
 * const client: HttpClient = ({ url }, on) => {
 *   const source = new EventSource(url)
 *   source.onopen = () => on.open()
 *   source.onmessage = (event) => on.event(event)
 *   source.onerror = () => (source.readyState === 2 ? on.failed() : on.lost())
 *   return () => source.close()
 * }
 * ```
 */
export type HttpClient = (request: HttpClientRequest, on: HttpClientObserver) => () => void

/** Options of {@link runHttpCase}. */
export interface HttpCaseRunOptions {
  /** The longest wait for the expected result, in milliseconds, unless the case sets its own. Default 10,000. */
  readonly patience?: number
  /** Milliseconds added to the upper bounds of `gap` and `within` for a busy machine. Default 0. */
  readonly lateness?: number
}

/** The result of one case. */
export interface HttpCaseResult extends HttpCaseObservation {
  readonly passed: boolean
  /** The differences from the expectation, one sentence each. Empty if the case passed. */
  readonly failures: readonly string[]
}

const DEFAULT_RECONNECTION_TIME = 50
const DEFAULT_SETTLE = 300

/**
 * Runs one conformance case. It starts the server and the client, waits until the expectation is met or the time is
 * over, waits a little for unexpected events and requests, compares, and closes the client.
 */
export async function runHttpCase(
  httpCase: HttpCase,
  client: HttpClient,
  { patience = 10_000, lateness = 0 }: HttpCaseRunOptions = {},
): Promise<HttpCaseResult> {
  const server = await createScriptedServer(httpCase.attempts)
  const over = new AbortController()
  let run: Run | undefined
  try {
    run = drive(httpCase, client, server.url)
    const { expect, settle = DEFAULT_SETTLE } = httpCase
    const met = Promise.all([
      run.reported(),
      server.request(Math.max(0, leastRequests(expect) - 1)),
      expect.closedByClient === undefined ? undefined : server.closed(expect.closedByClient),
    ])
    void closeInTime(httpCase, run, server, over.signal)
    await Promise.race([met, pause((expect.within ?? patience) + lateness, over.signal)])
    await pause(settle, over.signal)
    const seen = { ...run.report(), requests: [...server.requests] }
    const failures = judgeHttpCase(expect, seen, lateness)
    return { ...seen, passed: failures.length === 0, failures }
  } finally {
    over.abort()
    run?.close()
    await server.close()
  }
}

async function pause(ms: number, over: AbortSignal): Promise<void> {
  // The case may end during the pause.
  await sleep(ms, undefined, { signal: over }).catch(() => {})
}

async function closeInTime(
  { closeAfter }: HttpCase,
  run: Run,
  server: ScriptedServer,
  over: AbortSignal,
): Promise<void> {
  if (closeAfter === undefined) return
  // The time counts from the request, so that a busy machine delays this pause and those of the server alike.
  const asked = await server.request(0).then(
    () => true,
    () => false,
  )
  if (!asked) return
  await pause(closeAfter, over)
  run.closeOnceComplete()
}

interface Run {
  /** Resolves when the client has reported everything that the case expects. */
  reported(): Promise<unknown>
  report(): Omit<HttpCaseObservation, 'requests'>
  close(): void
  /** Closes when all expected events have arrived, or now if they have. */
  closeOnceComplete(): void
}

function drive({ expect, client: options, closeOnEvent }: HttpCase, client: HttpClient, url: string): Run {
  const waiter = createConditionWaiter()
  const startedAt = performance.now()
  const events: HttpCaseObservation['events'][number][] = []
  let opens = 0
  let errors = 0
  let fatal = false
  let eventsAfter: number | undefined
  let closing = false
  let closeWhenComplete = false
  let disconnect: (() => void) | undefined

  const close = (): void => {
    if (closing) return
    closing = true
    disconnect?.()
  }
  const complete = (): void => {
    eventsAfter = performance.now() - startedAt
    if (closeWhenComplete) close()
  }
  const enough = (): boolean =>
    events.length >= expect.events.length &&
    opens >= (expect.opens ?? 0) &&
    errors >= (expect.errors?.[0] ?? 0) &&
    (fatal || expect.fatal !== true)

  if (expect.events.length === 0) complete()
  disconnect = client(
    { initialDelayMs: DEFAULT_RECONNECTION_TIME, ...options, url },
    {
      open() {
        opens++
        waiter.check()
      },
      event({ type, data, lastEventId }) {
        events.push({ type, data, lastEventId })
        if (events.length === closeOnEvent) close()
        if (events.length === expect.events.length) complete()
        waiter.check()
      },
      lost() {
        errors++
        waiter.check()
      },
      failed() {
        errors++
        fatal = true
        waiter.check()
      },
    },
  )
  // The client may deliver the event that closes it before it returns the function for that.
  if (closing) disconnect()

  return {
    reported: () => waiter.until('the client has reported all', () => enough() || undefined),
    report: () => ({ events: [...events], opens, errors, fatal, eventsAfter }),
    close,
    closeOnceComplete() {
      closeWhenComplete = true
      if (eventsAfter !== undefined) close()
    },
  }
}
