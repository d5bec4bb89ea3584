import { createScriptedServer } from '@rxsse/testing'
import { expect, it, onTestFinished } from 'vitest'
import { bundle } from '../../test/bundle.ts'
import { launchChromium, noChromium } from '../../test/chromium.ts'
import type { Whatwg } from '../../test/whatwg-fetch-page.ts'

declare const whatwg: Whatwg

it.skipIf(noChromium !== undefined)('whatwg-fetch is a final error that says what is missing', async () => {
  await using server = await createScriptedServer(({ path }) => {
    // It adds a query of its own.
    if (path.startsWith('/empty')) return undefined
    if (path.startsWith('/events')) return { status: 200, body: ['data: a\n\n', 'END'] }
    return { status: 200, headers: { 'content-type': 'text/html' }, body: [''] }
  })
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(server.url)
  const content = await bundle(new URL('../../test/whatwg-fetch-page.ts', import.meta.url))
  await page.addScriptTag({ content, type: 'module' })
  await page.waitForFunction(() => 'whatwg' in globalThis)
  expect(await page.evaluate((url) => whatwg.read(url), `${server.url}events`)).toMatchObject({
    code: 'request',
    data: [],
  })
  expect(server.requests.filter(({ path }) => path.startsWith('/events'))).toHaveLength(1)
  expect(await page.evaluate((url) => whatwg.read(url), `${server.url}empty`)).toEqual({ data: [] })
})
