import type { RecordedRequest } from '../servers/scripted/recorded-request.ts'
import type { HttpCaseExpectation, HttpRequestExpectation } from './http-cases.ts'

/** What a client did in a case. */
export interface HttpCaseObservation {
  readonly events: readonly { readonly type: string; readonly data: string; readonly lastEventId: string }[]
  readonly requests: readonly RecordedRequest[]
  readonly opens: number
  /** The losses that the client reported, including the last one if it gave up. */
  readonly errors: number
  readonly fatal: boolean
  /** Milliseconds from the start to the last expected event. Undefined if it never came. */
  readonly eventsAfter: number | undefined
}

/** The differences between the expected and the observed result, one sentence each. */
export function judgeHttpCase(
  expect: HttpCaseExpectation,
  seen: HttpCaseObservation,
  lateness: number,
): string[] {
  return [
    ...judgeEvents(expect, seen, lateness),
    ...judgeRequestCount(expect, seen),
    ...judgeRequests(expect, seen),
    ...judgeGaps(expect, seen, lateness),
    ...judgeReports(expect, seen),
    ...judgeClosing(expect, seen),
  ]
}

/** The fewest requests that an expectation allows. */
export function leastRequests({ requests }: HttpCaseExpectation): number {
  return typeof requests === 'number' ? requests : requests[0]
}

function judgeEvents(expect: HttpCaseExpectation, seen: HttpCaseObservation, lateness: number): string[] {
  const got = JSON.stringify(seen.events.map(({ data, type, lastEventId }) => [data, type, lastEventId]))
  const wanted = JSON.stringify(expect.events)
  if (got !== wanted) return [`events [data, type, lastEventId]: expected ${wanted}, got ${got}`]
  const { within } = expect
  if (within === undefined || seen.eventsAfter === undefined || seen.eventsAfter <= within + lateness)
    return []
  return [`the events took ${Math.round(seen.eventsAfter)} ms, expected within ${within}`]
}

function judgeRequestCount({ requests }: HttpCaseExpectation, seen: HttpCaseObservation): string[] {
  const [min, max] = typeof requests === 'number' ? [requests, requests] : requests
  const count = seen.requests.length
  return count >= min && count <= max ? [] : [`requests: expected ${range(min, max)}, got ${count}`]
}

function judgeRequests({ req = {} }: HttpCaseExpectation, seen: HttpCaseObservation): string[] {
  return Object.entries(req).flatMap(([index, expected]) => {
    const request = seen.requests[Number(index)]
    if (!request) return [`request ${index} never came`]
    return judgeRequest(expected, request).map((difference) => `request ${index}: ${difference}`)
  })
}

function judgeRequest(expected: HttpRequestExpectation, request: RecordedRequest): string[] {
  const failures: string[] = []
  const compare = (what: string, wanted: string | undefined, got: string | undefined): void => {
    if (wanted === undefined || wanted === got) return
    failures.push(
      `expected ${what} ${JSON.stringify(wanted)}, got ${got === undefined ? 'none' : JSON.stringify(got)}`,
    )
  }
  compare('method', expected.method, request.method)
  compare('path', expected.path, request.path)
  compare('body', expected.body, request.body.toString())
  for (const [name, value] of Object.entries(expected.has ?? {})) {
    compare(`header ${name}`, value, request.headers[name.toLowerCase()])
  }
  for (const name of expected.lacks ?? []) {
    const value = request.headers[name.toLowerCase()]
    if (value !== undefined) failures.push(`expected no header ${name}, got ${JSON.stringify(value)}`)
  }
  return failures
}

function judgeGaps({ gap = {} }: HttpCaseExpectation, seen: HttpCaseObservation, lateness: number): string[] {
  return Object.entries(gap).flatMap(([index, [min, max]]) => {
    const request = seen.requests[Number(index)]
    const endedAt = seen.requests[Number(index) - 1]?.endedAt
    // If the request never came, the count of requests is wrong as well.
    if (!request || endedAt === undefined) return []
    const ms = request.receivedAt - endedAt
    if (ms >= min && ms <= max + lateness) return []
    return [
      `request ${index} came ${Math.round(ms)} ms after the attempt before it, expected ${range(min, max)}`,
    ]
  })
}

function judgeReports(expect: HttpCaseExpectation, seen: HttpCaseObservation): string[] {
  const failures: string[] = []
  if (expect.fatal !== undefined && expect.fatal !== seen.fatal) {
    failures.push(
      `the client ${seen.fatal ? 'gave up' : 'did not give up'}, expected that it ${expect.fatal ? 'does' : 'does not'}`,
    )
  }
  const [min, max] = expect.errors ?? [0, Number.POSITIVE_INFINITY]
  const most = Math.min(max, expect.errorsMax ?? max)
  if (seen.errors < min || seen.errors > most) {
    failures.push(`errors: expected ${range(min, most)}, got ${seen.errors}`)
  }
  if (expect.opens !== undefined && expect.opens !== seen.opens) {
    failures.push(`opens: expected ${expect.opens}, got ${seen.opens}`)
  }
  return failures
}

function judgeClosing({ closedByClient }: HttpCaseExpectation, seen: HttpCaseObservation): string[] {
  if (closedByClient === undefined || seen.requests[closedByClient]?.closedByClient) return []
  return [`the client did not close the socket of attempt ${closedByClient}`]
}

function range(min: number, max: number): string {
  return min === max ? String(min) : `${min} to ${max}`
}
