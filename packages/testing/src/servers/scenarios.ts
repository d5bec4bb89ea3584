import { setTimeout as delay } from 'node:timers/promises'
import { requireInteger, requireNumber } from '@rxsse/shared'
import type { Http2ErrorCode } from './http2/frames.ts'
import type { Http2Script, Http2Step } from './http2/script.ts'
import type { Attempt, Framing, Script } from './scripted/script.ts'
import { requireSleep } from './steps.ts'

/** One behaviour of a server, as a script for each protocol. */
export interface Scenario {
  /** For `createScriptedServer`. */
  readonly http1: Script
  /** For `createScriptedHttp2Server`. */
  readonly http2: Http2Script
}

/** Behaviours of servers that readers meet, for either scripted server. */
export interface Scenarios {
  /**
   * A server that sends the head together with the first event, as many frameworks do. Each request gets the events after its
   * last event ID. A request that has them all is answered 204.
   */
  lateHead(options: LateHeadOptions): Scenario
  /**
   * A server that ends each response properly after a page of events. The client asks again for the next page, by its last event
   * ID. After the last page, requests are answered 204.
   */
  polling(options: PollingOptions): Scenario
  /**
   * A server that resets the stream (HTTP/2) or the connection (HTTP/1.1) in the middle of the body. Each request gets the events
   * after its last event ID. A request that has them all is answered 204.
   */
  reset(options: ResetOptions): Scenario
}

/**
 * ```ts
 * const { http1, http2 } = scenarios.polling({ events: ['a', 'b'], retry: 10 })
 * const server = await createScriptedServer(http1)
 * ```
 */
export const scenarios: Scenarios = {
  lateHead: createLateHead,
  polling: createPolling,
  reset: createReset,
}

/** Options of `scenarios.lateHead`. */
export interface LateHeadOptions {
  /** Milliseconds from the request to the head of its response. */
  readonly delay: number
  /** The data of the events. Their IDs count from 1. */
  readonly events: readonly string[]
}

function createLateHead({ delay: milliseconds, events }: LateHeadOptions): Scenario {
  requireSleep(milliseconds, 'delay')
  return createScenario(async ({ lastEventId }) => {
    await delay(milliseconds)
    return respondAfter(lastEventId, events, events.length)
  })
}

/** Options of `scenarios.polling`. */
export interface PollingOptions {
  /** The data of the events. Their IDs count from 1. */
  readonly events: readonly string[]
  /** Events in a response. Default 1. */
  readonly pageSize?: number
  /** The reconnection time in milliseconds that each page begins with. Default: none. */
  readonly retry?: number
  /** Every second response has no events, as if there were nothing new. Default false. */
  readonly emptyPages?: boolean
}

function createPolling({ events, pageSize = 1, retry, emptyPages = false }: PollingOptions): Scenario {
  requireInteger(pageSize, 'pageSize', 1)
  const start = retry === undefined ? '' : `retry: ${requireInteger(retry, 'retry', 0)}\n\n`
  return createScenario(({ index, lastEventId }) => {
    const response = respondAfter(lastEventId, events, pageSize)
    const isEmpty = emptyPages && index % 2 === 1
    return response && { ...response, text: isEmpty ? start : start + response.text }
  })
}

/** Options of `scenarios.reset`. */
export interface ResetOptions {
  /** The data of the events. Their IDs count from 1. */
  readonly events: readonly string[]
  /** Bytes of the body before the reset. Infinity for all of them. */
  readonly at: number
  /** The error code of RST_STREAM on HTTP/2. Default `'NO_ERROR'`. */
  readonly code?: Http2ErrorCode
  /** How the end of the body is told on HTTP/1.1. Default `'chunked'`. */
  readonly framing?: Framing
  /** How many requests are reset. The next ones get their events. Default 1. */
  readonly times?: number
}

function createReset({ events, at, code = 'NO_ERROR', framing, times = 1 }: ResetOptions): Scenario {
  requireNumber(at, 'at', 0)
  requireNumber(times, 'times', 0)
  return createScenario(({ index, lastEventId }) => {
    const response = respondAfter(lastEventId, events, events.length)
    return index < times ? { text: response?.text ?? '', framing, reset: { at, code } } : response
  })
}

interface ScenarioRequest {
  readonly index: number
  readonly lastEventId: string
}

interface ScenarioResponse {
  readonly text: string
  readonly framing?: Framing | undefined
  readonly reset?: { readonly at: number; readonly code: Http2ErrorCode }
}

/** Undefined answers 204. */
type Respond = (
  request: ScenarioRequest,
) => ScenarioResponse | undefined | PromiseLike<ScenarioResponse | undefined>

function createScenario(respond: Respond): Scenario {
  return {
    http1: async (request) => toAttempt(await respond(request)),
    http2: async (request) => toHttp2Steps(await respond(request)),
  }
}

function respondAfter(
  lastEventId: string,
  events: readonly string[],
  count: number,
): ScenarioResponse | undefined {
  const first = Number(lastEventId)
  const page = events.slice(first, first + count)
  if (page.length === 0) return undefined
  return { text: page.map((data, i) => serializeEvent(first + i + 1, data)).join('') }
}

function serializeEvent(id: number, data: string): string {
  return `id: ${id}\n${data
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')}\n`
}

function toAttempt(response: ScenarioResponse | undefined): Attempt | undefined {
  if (response === undefined) return undefined
  const { text, framing = 'chunked', reset } = response
  const body = Buffer.from(text).subarray(0, reset?.at)
  // A TCP reset discards what the client has not received yet.
  return { status: 200, framing, body: reset ? [body, { sleep: ARRIVAL_TIME }, 'RST'] : [body, 'END'] }
}

function toHttp2Steps(response: ScenarioResponse | undefined): Http2Step[] | undefined {
  if (response === undefined) return undefined
  const { text, reset } = response
  const body = Buffer.from(text).subarray(0, reset?.at)
  return [{ head: { status: 200 } }, body, reset ? { reset: reset.code } : 'END']
}

const ARRIVAL_TIME = 20
