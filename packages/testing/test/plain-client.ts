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
        if (flaws.neverReconnects) {
          on.failed()
          return
        }
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
        request = http.request(to, {
          method: flaws.ignoresMethod ? 'GET' : how,
          agent: false,
          headers: {
            ...headers,
            accept: 'text/event-stream',
            ...(id && {
              'last-event-id': flaws.sendsIdAsLatin1 ? toAscii(id) : Buffer.from(id).toString('latin1'),
            }),
          },
        })
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
        if (statusCode !== 200 && !(flaws.takesAnyStatus && statusCode !== 204)) return fail()
        const type = (answer['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
        if (type !== 'text/event-stream' && !flaws.takesAnyContentType) return fail()
        if (!flaws.reportsNoOpen) on.open()
        const seed = lastEventId
        let whole = Buffer.alloc(0)
        let delivered = 0
        const read = (final: boolean): void => {
          const tail = final && flaws.deliversPartialEvents ? '\n\n' : ''
          const seen = referenceParse(Buffer.concat([whole, Buffer.from(tail)]), seed)
          retry = seen.retry ?? retry
          for (const event of seen.events.slice(delivered)) {
            delivered++
            if (closed && !flaws.deliversAfterClose) return
            on.event(event)
          }
          lastEventId = seen.lastEventId
          if (flaws.keepsOldIdOnReset)
            lastEventId ||= seen.events.findLast((e) => e.lastEventId)?.lastEventId ?? ''
        }
        const decoded = answer['content-encoding'] === 'gzip' ? response.pipe(zlib.createGunzip()) : response
        decoded.on('data', (bytes: Buffer) => {
          whole = Buffer.concat([whole, bytes])
          read(false)
        })
        response.on('close', () => {
          read(true)
          lose()
        })
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

function toAscii(id: string): string {
  return id.replace(/[^\x20-\x7e]/g, '?')
}
