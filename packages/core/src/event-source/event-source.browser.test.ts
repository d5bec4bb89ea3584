import { type Attempt, createScriptedServer, type RecordedRequest, type ScriptedServer } from '@rxsse/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bundle } from '../../test/bundle.ts'
import { launchChromium, noChromium } from '../../test/chromium.ts'
import type { Drive } from '../../test/event-source-page.ts'

declare const drive: Drive

type Answer = (request: RecordedRequest) => Attempt | undefined

/** How long the answers tell a browser to wait before it connects again. */
const SOON = 'retry: 10\n'

describe.skipIf(noChromium !== undefined)('in Chromium', () => {
  let script: string
  let browser: Browser
  let page: Page
  /** The page and, at /events, the stream of the page's own origin. */
  let home: ScriptedServer
  let answer: Answer

  beforeAll(async () => {
    script = await bundle(new URL('../../test/event-source-page.ts', import.meta.url))
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser?.close())

  beforeEach(async () => {
    home = await createScriptedServer((request) => {
      if (request.path.startsWith('/events')) return answer(request)
      const file = request.path === '/page.js' ? ['text/javascript', script] : ['text/html', html]
      return { status: 200, headers: { 'content-type': file[0] as string }, body: [file[1] as string] }
    })
    page = await browser.newPage()
    await page.goto(home.url)
    await page.waitForFunction(() => 'drive' in globalThis)
  })
  afterEach(async () => {
    await page.close()
    await home.close()
  })

  const record = (...args: Parameters<Drive['record']>): Promise<string[]> =>
    page.evaluate((given) => drive.record(...given), args)

  const streams = (): RecordedRequest[] => home.requests.filter(({ path }) => path.startsWith('/events'))

  const cases: readonly (readonly [title: string, url: string, last: string, answer: Answer])[] = [
    [
      'a stream that ends and comes back',
      '/events?a#b',
      'message 1 false false c',
      ({ lastEventId }) => ({
        status: 200,
        body: lastEventId
          ? ['data: c\n\n', 'HOLD']
          : [`${SOON}data: a\n\nevent: price\nid: 7\ndata: b\n\n:comment\nid: 8\ndata: half`],
      }),
    ],
    ['a 204', 'events', 'error', () => ({ status: 204, framing: 'none', body: [] })],
    ['a 404', 'events', 'error', () => ({ status: 404, body: [] })],
    ['a 503', 'events', 'error', () => ({ status: 503, body: [] })],
    [
      'another content type',
      'events',
      'error',
      () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: ['data: a\n\n'] }),
    ],
    [
      'a redirect',
      'events',
      'message',
      ({ path }) =>
        path === '/events'
          ? { status: 307, headers: { location: '/events/there' }, body: [] }
          : { status: 200, body: ['data: a\n\n', 'HOLD'] },
    ],
    ['a URL of another kind', 'mailto:a@example.com', 'error', () => undefined],
  ]
  it.each(cases)('%s is dispatched as by the browser’s own', async (_, url, last, given) => {
    answer = given
    const own = await record('the browser’s own', url, last)
    expect(own.length).toBeGreaterThan(3)
    expect(await record('ours', url, last)).toEqual(own)
  })

  it('sends the headers that the browser’s own sends', async () => {
    answer = () => ({ status: 200, body: ['data: a\n\n', 'HOLD'] })
    await record('the browser’s own', 'events', 'message')
    await record('ours', 'events', 'message')
    const [own, ours] = streams().map(({ headers }) => headers)
    expect(ours).toEqual({ ...own })
  })

  it('sends cookies to another origin if `withCredentials` is true', async () => {
    await using other = await createScriptedServer(({ headers }) => ({
      status: 200,
      headers: {
        'access-control-allow-origin': home.url.slice(0, -1),
        'access-control-allow-credentials': 'true',
      },
      body: [`data: ${headers.cookie}\n\n`, 'HOLD'],
    }))
    await page.context().addCookies([{ name: 'a', value: 'b', url: other.url }])
    const [without, with_] = [
      await record('ours', other.url, 'message'),
      await record('ours', other.url, 'message', true),
    ]
    expect(without[2]).toContain(' undefined ')
    expect(with_[2]).toContain(` a=b  ${other.url.slice(0, -1)}`)
  })

  it('dispatches each event in a task of its own', async () => {
    answer = () => ({ status: 200, body: ['data: a\n\ndata: b\n\ndata: c\n\n', 'HOLD'] })
    const got = await page.evaluate(async () => {
      const source = new drive.EventSource('/events')
      const got: string[] = []
      for (let count = 0; count < 3; count++) {
        const { data } = await new Promise<MessageEvent>((resolve) =>
          source.addEventListener('message', resolve, { once: true }),
        )
        got.push(data)
      }
      source.close()
      return got
    })
    expect(got).toEqual(['a', 'b', 'c'])
  })
})

const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'
