import { setTimeout as sleep } from 'node:timers/promises'
import { createScriptedServer, type ScriptedServer } from '../scripted-server/scripted-server.ts'
import { createWaits } from '../waits.ts'
import type { HttpCase, HttpCaseOptions } from './http-cases.ts'
import { type HttpCaseObservation, judgeHttpCase, leastRequests } from './judge-http-case.ts'

/** What the runner hands to a client: where to connect, and the options of the case, the reconnection time filled in. */
export interface HttpClientRequest extends HttpCaseOptions {
  readonly url: string
  readonly initialDelayMs: number
}

/** What a client reports to the runner. */
export interface HttpClientObserver {
  /** A response was accepted as an event stream. */
  open(): void
  event(event: { readonly type: string; readonly data: string; readonly lastEventId: string }): void
  /** A connection was lost or failed, and the client will try again. */
  lost(): void
  /** The client has given up for good. An `EventSource` reports an error with `readyState` 2. */
  failed(): void
}

/**
 * A client under test: connects, reports, and keeps on by its own rules until the function it returns is called, which closes it.
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
  /** Milliseconds to wait for what a case expects, where the case names none. Default 10,000: a limit for the wrong, not a target. */
  readonly patience?: number
  /** Milliseconds a busy machine may add to the upper bounds of `gap` and `within`. Lower bounds stay. Default 0. */
  readonly lateness?: number
}

/** The verdict on one case. */
export interface HttpCaseResult extends HttpCaseObservation {
  readonly passed: boolean
  /** What differs from the expectation, a sentence each. Empty where the case passed. */
  readonly failures: readonly string[]
}

const defaultReconnectionTime = 50
const defaultSettle = 300

/**
 * Runs one conformance case: starts its server, drives `client` against it until the expectation is met or time is up, waits a little
 * for what should not come, judges, and closes the client.
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
    const { expect, settle = defaultSettle } = httpCase
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
  // That the case is over before the pause is no error.
  await sleep(ms, undefined, { signal: over }).catch(() => {})
}

async function closeInTime(
  { closeAfter }: HttpCase,
  run: Run,
  server: ScriptedServer,
  over: AbortSignal,
): Promise<void> {
  if (closeAfter === undefined) return
  // From the request, not from the answer: so the server's own pauses and this one run side by side, and a busy machine delays both.
  const asked = await server.request(0).then(
    () => true,
    () => false,
  )
  if (!asked) return
  await pause(closeAfter, over)
  run.closeOnceComplete()
}

interface Run {
  /** Resolves when the client has reported all that the case expects of it. */
  reported(): Promise<unknown>
  report(): Omit<HttpCaseObservation, 'requests'>
  close(): void
  /** Closes when the expected events have arrived, which may be now. */
  closeOnceComplete(): void
}

function drive({ expect, client: options, closeOnEvent }: HttpCase, client: HttpClient, url: string): Run {
  const waits = createWaits()
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
    { initialDelayMs: defaultReconnectionTime, ...options, url },
    {
      open() {
        opens++
        waits.check()
      },
      event({ type, data, lastEventId }) {
        events.push({ type, data, lastEventId })
        if (events.length === closeOnEvent) close()
        if (events.length === expect.events.length) complete()
        waits.check()
      },
      lost() {
        errors++
        waits.check()
      },
      failed() {
        errors++
        fatal = true
        waits.check()
      },
    },
  )
  // The client may have delivered the event to close on before it had returned the way to close it.
  if (closing) disconnect()

  return {
    reported: () => waits.until('the client has reported all', () => enough() || undefined),
    report: () => ({ events: [...events], opens, errors, fatal, eventsAfter }),
    close,
    closeOnceComplete() {
      closeWhenComplete = true
      if (eventsAfter !== undefined) close()
    },
  }
}
