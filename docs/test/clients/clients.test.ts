import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createSink, type Sink, type SseMessage, streamTo } from '@rxsse/server'
import { chromiumFlags, chromiumPath } from '@rxsse/testing/programs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { Subject } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bundle } from './bundle.ts'

const FRAMEWORKS = [
  // React mounts, unmounts and mounts again in strict mode. The page has two streams.
  { name: 'React', file: 'react-app.tsx', streams: 2, opened: 4 },
  { name: 'Vue', file: 'vue-app.ts', streams: 1, opened: 1 },
  { name: 'Svelte', file: 'svelte-app.ts', streams: 1, opened: 1 },
] as const

const executablePath = chromiumPath()

describe.skipIf(executablePath === undefined)('in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: [...chromiumFlags] })
  })
  afterAll(() => browser.close())

  describe.each(FRAMEWORKS)('$name', ({ file, streams, opened }) => {
    it('shows events, follows its url, and leaves no connection when it is unmounted', async () => {
      const { url, a, b } = await serveApp(await bundle(file, 'browser'))
      const page = await browser.newPage()
      onTestFinished(() => page.close())
      const problems = listenForProblems(page)
      await page.goto(url)
      await page.locator('#state').filter({ hasText: 'open' }).waitFor()
      expect(await page.locator('#price').textContent()).toBe('waiting')
      await expect.poll(() => a.stats().connections).toBe(streams)
      expect(a.stats().opened).toBeLessThanOrEqual(opened)
      await publish(a, 1)
      await page.locator('#price').filter({ hasText: /^1$/ }).waitFor()
      // A notice of a loss comes with any filter. It is no price.
      await a.publish({ type: 'gap', data: { from: '', to: '', reason: 'unknown' } })
      // A page that has connected again has read what came before.
      const before = a.stats().opened
      await a.disconnect('all', { retry: '50ms' })
      await expect.poll(() => a.stats().opened).toBe(before + streams)
      expect(await page.locator('#price').textContent()).toBe('1')

      await page.locator('#switch').dispatchEvent('click')
      await expect.poll(() => b.stats().connections).toBe(streams)
      await expect.poll(() => a.stats().connections).toBe(0)
      expect(await page.locator('#price').textContent()).toBe('waiting')
      await publish(b, 2)
      await page.locator('#price').filter({ hasText: /^2$/ }).waitFor()

      await page.locator('#hide').dispatchEvent('click')
      await expect.poll(() => b.stats().connections).toBe(0)
      expect(problems).toEqual([])
    })

    it('shows a stream that failed for good', async () => {
      const { url } = await serveApp(await bundle(file, 'browser'), 404)
      const page = await browser.newPage()
      onTestFinished(() => page.close())
      await page.goto(url)
      await page.locator('#state').filter({ hasText: 'closed' }).waitFor()
      expect(await page.locator('#price').textContent()).toBe('waiting')
    })
  })

  it('the answer to a POST is complete, stopped or failed, and ends with its component, in React', async () => {
    let answer = new Subject<SseMessage>()
    const answers = streamTo(() => (answer = new Subject()), { methods: ['POST'] })
    const { url } = await serveApp(await bundle('react-app.tsx', 'browser'), 200, answers.handler)
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    await page.goto(url)
    const section = page.locator('#answer')
    const status = section.locator('output')
    const begin = async (): Promise<void> => {
      const before = answer
      await section.getByText('Ask').click()
      await expect.poll(() => answer !== before && answer.observed).toBe(true)
      for (const text of ['Server-sent', ' events.']) answer.next({ type: 'delta', data: { text } })
      await section.getByText('Server-sent events.', { exact: true }).waitFor()
      expect(await status.textContent()).toBe('streaming')
    }

    await begin()
    answer.next({ type: 'done', data: {} })
    await status.filter({ hasText: 'complete' }).waitFor()
    await begin()
    await section.getByText('Stop').click()
    expect(await status.textContent()).toBe('stopped')
    await expect.poll(() => answer.observed).toBe(false)
    await begin()
    answer.complete()
    await status.filter({ hasText: 'failed' }).waitFor()
    await begin()
    await page.locator('#hide').dispatchEvent('click')
    await expect.poll(() => answer.observed).toBe(false)
  })
})

describe('rendered on a server, it connects nowhere', () => {
  it('React', async () => {
    const { LatestPrice, Connection } = await importBundle('latest-price.tsx')
    const { createElement } = await import('react')
    const { renderToString } = await import('react-dom/server')
    expect(renderToString(createElement(LatestPrice, { url: UNREACHABLE }))).toContain('waiting')
    expect(renderToString(createElement(Connection, { url: UNREACHABLE }))).toContain('not connected')
  })

  it('Vue', async () => {
    const { serverApp } = await importBundle('vue-app.ts')
    const { renderToString } = await import('vue/server-renderer')
    expect(await renderToString(serverApp())).toMatch(/waiting.*not connected/)
  })

  it('Svelte', async () => {
    const { default: LatestPrice } = await importBundle('LatestPrice.svelte')
    const { render } = await import('svelte/server')
    expect(render(LatestPrice, { props: { url: UNREACHABLE } }).body).toMatch(/waiting.*not connected/s)
  })
})

/** A URL that throws as soon as something connects to it. */
const UNREACHABLE = 'not a url'

async function importBundle(file: string) {
  const results = fileURLToPath(new URL('../../.results/', import.meta.url))
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(`${results}client-`)
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(`${folder}/bundle.mjs`, await bundle(file, 'node'))
  return await import(pathToFileURL(`${folder}/bundle.mjs`).href)
}

async function serveApp(
  script: string,
  status = 200,
  answer?: RequestListener,
): Promise<{ url: string; a: Sink; b: Sink }> {
  const [a, b] = [createSink(), createSink()]
  const server = createServer((request, response) => {
    if (request.url === '/app.js') response.setHeader('content-type', 'text/javascript').end(script)
    else if (request.url === '/')
      response
        .setHeader('content-type', 'text/html')
        .end(
          '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="/app.js"></script>',
        )
    else if (request.url === '/answer') answer?.(request, response)
    else if (status !== 200) response.writeHead(status).end()
    else (request.url === '/a' ? a : b).handler(request, response)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(async () => {
    await Promise.all([a.close(), b.close()])
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, a, b }
}

async function publish(sink: Sink, value: number): Promise<void> {
  await sink.publish({ type: 'price', data: { value } })
}

function listenForProblems(page: Page): string[] {
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  return problems
}
