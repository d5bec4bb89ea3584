import http from 'node:http'
import zlib from 'node:zlib'
import { type HttpClient, referenceParse } from '../src/index.ts'

/** Mistakes of a client, which the runner must find. */
export interface Flaws {
  readonly forgetsLastEventId?: boolean
  readonly keepsOldIdOnReset?: boolean
  readonly ignoresRetry?: boolean
  readonly reconnectsAtOnce?: boolean
  readonly neverReconnects?: boolean
  readonly retriesAnyStatus?: boolean
  readonly takesAnyContentType?: boolean
  readonly takesAnyStatus?: boolean
  readonly ignoresRedirects?: boolean
  readonly reconnectsToRedirectTarget?: boolean
  readonly reportsLossTwice?: boolean
  readonly reportsNoOpen?: boolean
  readonly deliversPartialEvents?: boolean
  readonly deliversAfterClose?: boolean
  readonly leavesSocketOpen?: boolean
  readonly givesUpOnReset?: boolean
  readonly repostsAfter302?: boolean
  readonly ignoresMethod?: boolean
  readonly sendsIdAsLatin1?: boolean
}

/**
 * A simple SSE client on `node:http`. When bytes arrive, it parses the whole body again with the reference parser.
 * Without flaws it conforms to the standard, so if it fails a case, the case or the runner is wrong.
 */
export function plainClient(flaws: Flaws = {}): HttpClient {
  return ({ url, initialDelayMs, lastEventId: startId = '', method = 'GET', headers = {}, body }, on) => {
    let lastEventId = startId
    let retry = initialDelayMs
    let closed = false
    let request: http.ClientRequest | undefined
    let timer: NodeJS.Timeout | undefined
    let target = url

    const connect = (to: string, how: string, content: string | undefined): void => {
      let over = false
      const lose = (): void => {
        if (over || closed) return
        over = true
        if (flaws.neverReconnects) return void on.failed()
        on.lost()
        if (flaws.reportsLossTwice) on.lost()
        const wait = flaws.reconnectsAtOnce ? 0 : flaws.ignoresRetry ? initialDelayMs : retry
        if (wait < 2 ** 31) timer = setTimeout(() => connect(target, method, body), wait)
      }
      const fail = (): void => {
        if (over || closed) return
        over = true
        request?.destroy()
        on.failed()
      }
      const id = flaws.forgetsLastEventId ? '' : lastEventId
      try {
        const all = { ...headers, accept: 'text/event-stream', ...createIdHeader(id, flaws) }
        request = http.request(to, { method: flaws.ignoresMethod ? 'GET' : how, agent: false, headers: all })
      } catch {
        // HTTP cannot carry this id, so the client connects without it.
        lastEventId = ''
        lose()
        return
      }
      request.on('error', flaws.givesUpOnReset ? fail : lose)
      request.on('response', (response) => {
        const { statusCode = 0, headers: answer } = response
        response.on('error', () => {})
        if ([301, 302, 303, 307, 308].includes(statusCode) && answer.location && !flaws.ignoresRedirects) {
          response.resume()
          const next = new URL(answer.location, to).href
          if (flaws.reconnectsToRedirectTarget) target = next
          const toGet = how !== 'GET' && statusCode <= 303 && !flaws.repostsAfter302
          return connect(next, toGet ? 'GET' : how, toGet ? undefined : content)
        }
        if (statusCode !== 200 && flaws.retriesAnyStatus) {
          response.resume()
          return response.on('close', lose)
        }
        if (!isEventStream(response, flaws)) return fail()
        if (!flaws.reportsNoOpen) on.open()
        const seed = lastEventId
        let delivered = 0
        readBody(response, (body, isComplete) => {
          const tail = isComplete && flaws.deliversPartialEvents ? '\n\n' : ''
          const seen = referenceParse(Buffer.concat([body, Buffer.from(tail)]), seed)
          retry = seen.retry ?? retry
          for (const event of seen.events.slice(delivered)) {
            delivered++
            if (closed && !flaws.deliversAfterClose) return
            on.event(event)
          }
          lastEventId = seen.lastEventId
          if (flaws.keepsOldIdOnReset)
            lastEventId ||= seen.events.findLast((e) => e.lastEventId)?.lastEventId ?? ''
        })
        response.on('close', lose)
      })
      request.end(content)
    }

    connect(url, method, body)
    return () => {
      closed = true
      clearTimeout(timer)
      if (!flaws.leavesSocketOpen) request?.destroy()
    }
  }
}

function createIdHeader(id: string, { sendsIdAsLatin1 }: Flaws): http.OutgoingHttpHeaders {
  if (id === '') return {}
  const ascii = id.replace(/[^\x20-\x7e]/g, '?')
  return { 'last-event-id': sendsIdAsLatin1 ? ascii : Buffer.from(id).toString('latin1') }
}

function isEventStream({ statusCode, headers }: http.IncomingMessage, flaws: Flaws): boolean {
  if (statusCode !== 200 && !(flaws.takesAnyStatus && statusCode !== 204)) return false
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  return type === 'text/event-stream' || flaws.takesAnyContentType === true
}

/** Calls `onBytes` with the whole body so far, for each piece and at the end. */
function readBody(
  response: http.IncomingMessage,
  onBytes: (body: Buffer, isComplete: boolean) => void,
): void {
  let body: Buffer = Buffer.alloc(0)
  const isGzip = response.headers['content-encoding'] === 'gzip'
  const decoded = isGzip ? response.pipe(zlib.createGunzip()) : response
  decoded.on('data', (bytes: Buffer) => {
    body = Buffer.concat([body, bytes])
    onBytes(body, false)
  })
  response.on('close', () => onBytes(body, true))
}
