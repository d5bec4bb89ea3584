import { type Attempt, createScriptedServer, type RecordedRequest, type ScriptedServer } from '@rxsse/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Rxsse } from '../../test/browser-page.ts'
import { bundle } from '../../test/bundle.ts'
import { launchChromium, noChromium } from '../../test/chromium.ts'

declare const rxsse: Rxsse

if (noChromium !== undefined) console.warn(`the browser entry is not tested: ${noChromium}`)

describe.skipIf(noChromium !== undefined)('in Chromium', () => {
  let script: string
  let browser: Browser
  let page: Page
  /** The page and, at /events, the stream of the page's own origin. */
  let home: ScriptedServer
  let events: (request: RecordedRequest) => Attempt | undefined

  beforeAll(async () => {
    script = await bundle(new URL('../../test/browser-page.ts', import.meta.url))
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser?.close())

  beforeEach(async () => {
    home = await createScriptedServer((request) => {
      if (request.path.startsWith('/events')) return events(request)
      const file = request.path === '/page.js' ? ['text/javascript', script] : ['text/html', html]
      return { status: 200, headers: { 'content-type': file[0] as string }, body: [file[1] as string] }
    })
    page = await browser.newPage()
    await page.goto(home.url)
    await page.waitForFunction(() => 'rxsse' in globalThis)
  })
  afterEach(async () => {
    await page.close()
    await home.close()
  })

  const streams = (): RecordedRequest[] => home.requests.filter(({ path }) => path.startsWith('/events'))

  it('reads, loses the connection, and resumes after the last event', async () => {
    events = ({ lastEventId }) =>
      lastEventId === ''
        ? { status: 200, body: ['id: 1\ndata: a\n\nid: 2\nda', 'CUT'] }
        : { status: 200, body: ['event: b\ndata: é\n\n', 'HOLD'] }
    const got = await page.evaluate(
      () =>
        new Promise((resolve) => {
          rxsse
            .fromEventSource('/events', { reconnect: { initialDelay: 10 } })
            .pipe(rxsse.take(2), rxsse.toArray())
            .subscribe(resolve)
        }),
    )
    expect(got).toEqual([
      { type: 'message', data: 'a', lastEventId: '1' },
      { type: 'b', data: 'é', lastEventId: '1' },
    ])
    // A stream that fails drops what it has not handed out yet, so the first event may take more than one request.
    const first = streams()[0]
    expect(first?.headers).toMatchObject({ accept: 'text/event-stream', 'cache-control': 'no-cache' })
    expect(first?.headers).not.toHaveProperty('last-event-id')
    expect(streams().at(-1)?.lastEventId).toBe('1')
  })

  it('takes a relative URL as the document does, which may have a base of its own', async () => {
    events = () => ({ status: 200, body: ['HOLD'] })
    await page.evaluate(`{
      document.head.append(Object.assign(document.createElement('base'), { href: '/events/of/' }))
      rxsse.fromEventSource('prices').subscribe()
    }`)
    await expect.poll(() => streams()[0]?.path).toBe('/events/of/prices')
  })

  it('closes the socket when it is unsubscribed', async () => {
    events = () => ({ status: 200, body: ['data: a\n\n', 'HOLD'] })
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          rxsse
            .fromEventSource('/events')
            .pipe(rxsse.take(1))
            .subscribe({ complete: () => resolve() })
        }),
    )
    expect(await home.closed(streams()[0]?.index as number)).toBe('client')
  })

  it('reports a rejected response', async () => {
    events = () => ({ status: 403, headers: { 'content-type': 'text/plain' }, body: ['not you'] })
    const error = await page.evaluate(
      () =>
        new Promise((resolve) => {
          rxsse.fromEventSource('/events?token=1').subscribe({
            error: ({ code, status, body, url }) => resolve({ code, status, body, url }),
          })
        }),
    )
    expect(error).toEqual({ code: 'http-status', status: 403, body: 'not you', url: `${home.url}events` })
  })

  it('reconnects at once when the browser is online again', async () => {
    events = () =>
      streams().length === 1 ? { raw: ['RST'] } : { status: 200, body: ['data: a\n\n', 'HOLD'] }
    const statuses = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const seen: string[] = []
          rxsse
            .fromEventSource('/events', {
              reconnect: { initialDelay: '1h', maxDelay: '1h' },
              state: {
                next({ status }) {
                  seen.push(status)
                  if (status === 'waiting') setTimeout(rxsse.goOnline)
                },
              },
            })
            .pipe(rxsse.take(1))
            .subscribe(() => resolve(seen))
        }),
    )
    expect(statuses).toEqual(['connecting', 'waiting', 'connecting', 'open', 'closed'])
  })

  it('does not reconnect before a Retry-After has passed when the browser is online again, twice', async () => {
    events = () =>
      streams().length < 3
        ? { status: 503, headers: { 'retry-after': '1' }, body: [] }
        : { status: 200, body: ['data: a\n\n', 'HOLD'] }
    const waits = await page.evaluate(
      () =>
        new Promise<number[]>((resolve) => {
          const waited: number[] = []
          let from = 0
          rxsse
            .fromEventSource('/events', {
              reconnect: { initialDelay: '1h', maxDelay: '1h' },
              state: {
                next({ status }) {
                  if (status === 'waiting') setTimeout(rxsse.goOnline)
                  if (status !== 'connecting') return
                  // From one request to the next, because the wait has begun before `waiting` is reported.
                  if (from > 0) waited.push(performance.now() - from)
                  from = performance.now()
                },
              },
            })
            .pipe(rxsse.take(1))
            .subscribe(() => resolve(waited))
        }),
    )
    expect(waits).toHaveLength(2)
    for (const waited of waits) expect(waited).toBeGreaterThanOrEqual(1_000)
  })

  it('keeps the stream of a hidden tab', async () => {
    let show: () => void = () => {}
    const hidden = new Promise<void>((resolve) => {
      show = resolve
    })
    events = () => ({ status: 200, body: ['data: seen\n\n', { until: hidden }, 'data: hidden\n\n', 'HOLD'] })
    const got = page.evaluate(
      () =>
        new Promise((resolve) => {
          rxsse
            .fromEventSource('/events')
            .pipe(rxsse.take(2), rxsse.toArray())
            .subscribe((all) => resolve(all.map(({ data }) => data)))
          rxsse.hideTab()
        }),
    )
    await expect.poll(() => streams().length).toBe(1)
    show()
    expect(await got).toEqual(['seen', 'hidden'])
    expect(streams()).toHaveLength(1)
  })

  it('an iterator that is not pulled makes the server wait', async () => {
    const block = `data: ${'x'.repeat(1000)}\n\n`
    events = () => ({
      status: 200,
      body: (function* () {
        for (let i = 0; i < 100_000; i++) yield block.repeat(10)
      })(),
    })
    await page.evaluate(async () => {
      const iterator = rxsse.iterateEventSource('/events', { buffer: { high: 10, low: 5 } })
      Object.assign(globalThis, { iterator })
      await iterator.next()
    })
    const index = streams()[0]?.index as number
    const sent = await settled(() => home.requests[index]?.bytesSent ?? 0)
    // What the browser and the kernel buffer, out of a gigabyte.
    expect(sent).toBeLessThan(300_000_000)
    await page.evaluate(() =>
      (globalThis as unknown as { iterator: AsyncIterableIterator<unknown> }).iterator.return?.(),
    )
    expect(await home.closed(index)).toBe('client')
  })

  describe('from another origin', () => {
    let other: ScriptedServer
    let answer: (request: RecordedRequest) => Attempt

    beforeEach(async () => {
      other = await createScriptedServer((request) => answer(request))
    })
    afterEach(() => other.close())

    const cors = (more: Record<string, string> = {}): Record<string, string> => ({
      'access-control-allow-origin': home.url.slice(0, -1),
      ...more,
    })

    async function readTwo(options: { lastEventIdIn?: { query: string } } = {}): Promise<unknown> {
      return page.evaluate(
        ([url, given]) =>
          new Promise((resolve) => {
            rxsse
              .fromEventSource(url, { ...given, reconnect: { initialDelay: 10 } })
              .pipe(rxsse.take(2), rxsse.toArray())
              .subscribe((all) => resolve(all.map(({ data }) => data)))
          }),
        [other.url, options] as const,
      )
    }

    it('asks for permission only to send the Last-Event-ID header', async () => {
      answer = ({ method, lastEventId }) => {
        if (method === 'OPTIONS') {
          return {
            status: 204,
            framing: 'none',
            headers: cors({ 'access-control-allow-headers': 'last-event-id' }),
            body: [],
          }
        }
        return { status: 200, headers: cors(), body: [`id: 1\ndata: after ${lastEventId}\n\n`] }
      }
      expect(await readTwo()).toEqual(['after ', 'after 1'])
      expect(other.requests.slice(0, 3).map(({ method }) => method)).toEqual(['GET', 'OPTIONS', 'GET'])
    })

    it('and never with the id in the query', async () => {
      answer = ({ path }) => ({ status: 200, headers: cors(), body: [`id: 1\ndata: ${path}\n\n`] })
      expect(await readTwo({ lastEventIdIn: { query: 'after' } })).toEqual(['/', '/?after=1'])
      expect(other.requests.every(({ method }) => method === 'GET')).toBe(true)
    })

    for (const [credentials, cookie] of [
      ['include', 'who=me'],
      ['same-origin', undefined],
    ] as const) {
      it(`cookies with credentials '${credentials}': ${cookie ?? 'none'}`, async () => {
        answer = () => ({
          status: 200,
          headers: cors({ 'access-control-allow-credentials': 'true' }),
          body: ['data: a\n\n', 'HOLD'],
        })
        // A cookie goes by the host, whatever its port.
        await page.context().addCookies([{ name: 'who', value: 'me', url: home.url }])
        await page.evaluate(
          ([url, sent]) =>
            new Promise((resolve) => {
              rxsse
                .fromEventSource(url, { transport: rxsse.fetchTransport({ credentials: sent }) })
                .pipe(rxsse.take(1))
                .subscribe(resolve)
            }),
          [other.url, credentials] as const,
        )
        expect(other.requests[0]?.headers.cookie).toBe(cookie)
      })
    }

    it('a response that CORS forbids is a network error', async () => {
      answer = () => ({ status: 200, body: ['data: a\n\n', 'HOLD'] })
      const code = await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            rxsse
              .fromEventSource(url, { reconnect: false })
              .subscribe({ error: (error) => resolve(error.code) })
          }),
        other.url,
      )
      expect(code).toBe('network')
    })
  })
})

const html = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>'

/** The value once it has stopped growing. */
async function settled(read: () => number): Promise<number> {
  let before = -1
  for (let same = 0; same < 10; ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = read()
    same = now === before ? same + 1 : 0
    before = now
  }
  return before
}
