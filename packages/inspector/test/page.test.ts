import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStage, data } from '@rxsse/operators'
import { createSink } from '@rxsse/server'
import { chromiumFlags, chromiumPath } from '@rxsse/testing/programs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { Subject } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { inspect, watchSource } from '../src/index.ts'

const CHROMIUM = chromiumPath()

let browser: Browser
beforeAll(async () => {
  if (CHROMIUM === undefined) return
  browser = await chromium.launch({ executablePath: CHROMIUM, args: [...chromiumFlags] })
})
afterAll(() => browser?.close())

async function openPage(url: string): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  // Also what the Content-Security-Policy forbids.
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  await page.goto(url)
  return { page, problems }
}

async function listen(handler: RequestListener): Promise<{ origin: string; server: Server }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

describe.skipIf(CHROMIUM === undefined)('the page in Chromium', () => {
  it('shows sources, stages, jobs and sinks, and follows them', async () => {
    const sink = createSink({ rooms: { authorize: () => true } })
    const stage = createStage('the data')
    const events = new Subject<{ type: string; data: string; lastEventId: string }>()
    events.pipe(data({ stage })).subscribe()
    const trades = watchSource()
    const status = new Subject<never>()
    const inspector = inspect({
      sources: { trades },
      pipelines: { 'the <b>prices</b>': [stage] },
      sinks: { public: sink },
      jobs: { minutes: { status } },
      every: 100,
    })
    const { origin } = await listen((request, response) =>
      (request.url?.startsWith('/live') ? sink : inspector).handler(request, response),
    )
    const { page, problems } = await openPage(`${origin}/inspector`)
    const text = (selector: string) => page.locator(selector).textContent()

    await expect.poll(() => text('#connection')).toBe('live')
    await expect.poll(() => text('#sources')).toContain('not subscribed')
    expect(await text('#process')).toContain(`process ${process.pid}`)
    expect(await page.locator('#jobs').isVisible()).toBe(false)
    expect(await text('#pipelines h3')).toBe('the <b>prices</b>')

    trades.state.next({ status: 'open', url: 'http://x/trades' })
    trades.cursor.next('id 7')
    for (const n of [1, 2, 3]) events.next({ type: 'message', data: `${n}`, lastEventId: '' })
    const reader = await fetch(`${origin}/live?room=blue`)
    status.next({ phase: 'snapshotting', saved: undefined, restoredFrom: 0, unsaved: 1, pending: 0 } as never)
    await expect.poll(() => text('#sources')).toMatch(/open for.*http:\/\/x\/trades.*last id id 7/s)
    await expect.poll(() => text('[data-row="in"]')).toMatch(/in\s*3/)
    await expect.poll(() => text('#sinks')).toMatch(/1\s*connections.*blue 1/s)
    await expect.poll(() => text('#jobs')).toContain('snapshotting')
    expect(await page.locator('.timeline rect.open').count()).toBe(1)
    await reader.body?.cancel()
    await expect.poll(() => text('#sinks')).toMatch(/0\s*connections/)
    expect(problems).toEqual([])
  })

  it.each([360, 1440])('has no sideways scroll at %i px, whatever the names are', async (width) => {
    const long = 'a_name_without_a_place_to_break_it_'.repeat(10)
    const names = ['', '<script>alert(1)</script>', long, 'שם', ...'123456']
    const sink = createSink({ rooms: { authorize: () => true } })
    const inspector = inspect({
      sources: { '': watchSource(), [long]: watchSource() },
      pipelines: { [long]: names.map((name) => createStage(name)) },
      sinks: { [long]: sink },
      jobs: { [long]: { status: new Subject<never>() } },
      every: 100,
    })
    const { origin } = await listen((request, response) =>
      (request.url?.startsWith('/live') ? sink : inspector).handler(request, response),
    )
    const reader = await fetch(`${origin}/live?rooms=${long},שם`)
    const { page, problems } = await openPage(`${origin}/`)
    await page.setViewportSize({ width, height: 640 })
    await expect.poll(() => page.locator('.box h4').allTextContents()).toEqual(['unnamed', ...names.slice(1)])
    await expect.poll(() => page.locator('.rooms li').count()).toBe(2)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    expect(problems).toEqual([])
    await reader.body?.cancel()
  })

  it('comes back after a proxy has answered 502 while the server restarts', async () => {
    const inspector = inspect({ sinks: { public: createSink() }, every: 100 })
    let isAway = false
    const { origin, server } = await listen((request, response) =>
      isAway ? response.writeHead(502).end() : inspector.handler(request, response),
    )
    const { page } = await openPage(`${origin}/`)
    const connection = () => page.locator('#connection').textContent()
    await expect.poll(connection).toBe('live')
    isAway = true
    server.closeAllConnections()
    await expect.poll(connection).toBe('refused, trying again')
    isAway = false
    await expect.poll(connection).toBe('live')
  })

  it('says that it reconnects when the server has gone, and goes on with the next one', async () => {
    const listenOn = async (port: number) => {
      const server = createServer(inspect({ sinks: { public: createSink() }, every: 100 }).handler)
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return server
    }
    const first = await listenOn(0)
    const { port } = first.address() as AddressInfo
    const { page } = await openPage(`http://127.0.0.1:${port}/`)
    const connection = () => page.locator('#connection').textContent()
    await expect.poll(connection).toBe('live')
    first.close()
    first.closeAllConnections()
    await expect.poll(connection).toBe('reconnecting')
    const second = await listenOn(port)
    onTestFinished(() => {
      second.close()
      second.closeAllConnections()
    })
    await expect.poll(connection).toBe('live')
  })
})
