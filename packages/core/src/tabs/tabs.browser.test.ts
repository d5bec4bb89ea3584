import { type Attempt, createScriptedServer, type RecordedRequest, type ScriptedServer } from '@rxsse/testing'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type BrowserTab, type BrowserTabs, createBrowserTabs } from '../../test/browser-tabs.ts'
import { bundle } from '../../test/bundle.ts'
import { launchChromium, noChromium } from '../../test/chromium.ts'
import { createLiveFeed, type LiveFeed } from '../../test/live-feed.ts'
import type { Got, OpenOptions } from '../../test/tabs-page.ts'

describe.skipIf(noChromium !== undefined)('tabs in Chromium', () => {
  let script: string
  let browser: Browser
  let tabs: BrowserTabs
  let home: ScriptedServer
  let feed: LiveFeed
  let otherFeed: LiveFeed
  let publishing: NodeJS.Timeout | undefined
  let answer: (request: RecordedRequest) => Attempt | undefined

  beforeAll(async () => {
    script = await bundle(new URL('../../test/tabs-page.ts', import.meta.url))
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser?.close())

  beforeEach(async () => {
    feed = createLiveFeed()
    otherFeed = createLiveFeed()
    answer = (request) => (request.path === '/events/other' ? otherFeed : feed).answer(request)
    home = await createScriptedServer((request) => {
      if (request.path.startsWith('/events')) return answer(request)
      if (request.path === '/elsewhere')
        return { status: 200, headers: { 'content-type': 'text/html' }, body: ['<p>elsewhere</p>'] }
      const file = request.path === '/page.js' ? ['text/javascript', script] : ['text/html', html]
      return { status: 200, headers: { 'content-type': file[0] as string }, body: [file[1] as string] }
    })
    tabs = await createBrowserTabs(browser)
  })
  afterEach(async () => {
    clearInterval(publishing)
    await tabs.close()
    await home.close()
  })

  const streams = (): RecordedRequest[] => home.requests.filter(({ path }) => path.startsWith('/events'))
  const openStreams = (): RecordedRequest[] => streams().filter(({ endedAt }) => endedAt === undefined)
  const read = (tab: BrowserTab): Promise<Got> => tab.evaluate('tab.got')

  async function openPage(): Promise<BrowserTab> {
    const tab = await tabs.open(home.url)
    await expect.poll(() => tab.evaluate('document.readyState + typeof tab')).toBe('completeobject')
    return tab
  }

  /** A tab that reads the stream and has its place in it. */
  async function openTab(options: OpenOptions = {}): Promise<BrowserTab> {
    const tab = await openPage()
    await tab.evaluate(`tab.open(${JSON.stringify(options)})`)
    await expect.poll(async () => (await read(tab)).cursors.length).toBeGreaterThan(0)
    return tab
  }

  const openTabs = (count: number, options?: OpenOptions): Promise<BrowserTab[]> =>
    Promise.all(Array.from({ length: count }, () => openTab(options)))

  async function findHolder(among: readonly BrowserTab[]): Promise<BrowserTab> {
    let holder: BrowserTab | undefined
    await expect
      .poll(async () => {
        for (const tab of among) if ((await read(tab)).states.at(-1) === 'holder open') holder = tab
        return holder
      })
      .toBeDefined()
    return holder as BrowserTab
  }

  /** Every tab has got every event once and in order, over one connection. */
  async function expectAll(among: readonly BrowserTab[]): Promise<void> {
    const all = Array.from({ length: feed.count }, (_, i) => `${i + 1}`)
    for (const tab of among) {
      await expect.poll(async () => (await read(tab)).data.length).toBeGreaterThanOrEqual(all.length)
      expect((await read(tab)).data).toEqual(all)
    }
    await expect.poll(() => openStreams().length).toBe(1)
  }

  it('six tabs have one connection, and each gets every event', async () => {
    const six = await openTabs(6)
    feed.publish(100)
    await expectAll(six)
    expect(streams()).toHaveLength(1)
  })

  it('the last tab closes the connection', async () => {
    const two = await openTabs(2)
    for (const tab of two) await tab.evaluate('tab.close()')
    await expect.poll(() => openStreams().length).toBe(0)
    for (const tab of two) expect((await read(tab)).states.at(-1)).toMatch(/ closed$/)
  })

  const endings: Record<string, (tab: BrowserTab) => unknown> = {
    closes: (tab) => tab.close(),
    crashes: (tab) => tab.crash(),
    unsubscribes: (tab) => tab.evaluate('tab.close()'),
    'goes to another page': (tab) => tab.evaluate('void (location = "about:blank")'),
  }
  it.each(Object.entries(endings))(
    'another tab continues when the holder %s, again and again',
    async (_, end) => {
      const left = await openTabs(6)
      publishing = setInterval(() => feed.publish(1), 5)
      for (let round = 1; left.length > 1; round++) {
        const holder = await findHolder(left)
        left.splice(left.indexOf(holder), 1)
        await end(holder)
        await expect.poll(() => streams().length).toBe(round + 1)
        await expect.poll(() => openStreams().length).toBe(1)
      }
      clearInterval(publishing)
      await expectAll(left)
      // One connection for each holder: nobody had to catch up.
      expect(streams()).toHaveLength(6)
    },
  )

  it('a frozen holder hands over, and follows when it is back', async () => {
    const six = await openTabs(6)
    publishing = setInterval(() => feed.publish(1), 5)
    for (let round = 0; round < 3; round++) {
      const holder = await findHolder(six)
      const others = six.filter((tab) => tab !== holder)
      await holder.freeze()
      await findHolder(others)
      await holder.unfreeze()
    }
    clearInterval(publishing)
    await expectAll(six)
  })

  it('two streams of one page do not mix, and two subscriptions to one stream share its connection', async () => {
    const two = await openTabs(2)
    for (const tab of two) await tab.evaluate(`tab.second.open({ url: '/events/other' })`)
    const readSecond = (tab: BrowserTab): Promise<Got> => tab.evaluate('tab.second.got')
    for (const tab of two) await expect.poll(async () => (await readSecond(tab)).cursors.length).toBe(1)
    feed.publish(3)
    otherFeed.publish(2)
    for (const tab of two) {
      await expect.poll(async () => (await readSecond(tab)).data).toEqual(['1', '2'])
      await expect.poll(async () => (await read(tab)).data).toEqual(['1', '2', '3'])
    }
    expect(streams().map(({ path }) => path)).toEqual(['/events', '/events/other'])
    // The first page leaves one of its streams, and joins the other one once more.
    const [first] = two as [BrowserTab]
    await first.evaluate('tab.second.close()')
    await first.evaluate('tab.second.open()')
    await expect.poll(async () => (await readSecond(first)).cursors.at(-1)).toBe('3')
    feed.publish(1)
    await expect.poll(async () => (await readSecond(first)).data).toEqual(['1', '2', '4'])
    await expect.poll(() => openStreams().length).toBe(2)
  })

  it('a tab whose options differ has an error that names the option, and the others go on', async () => {
    const two = await openTabs(2, { headers: { 'x-user': '1' } })
    for (const [option, options] of [
      ['headers', { headers: { 'x-user': '2' } }],
      ['events', { headers: { 'x-user': '1' }, events: ['rare'] }],
    ] as const) {
      const other = await openPage()
      await other.evaluate(`tab.open(${JSON.stringify(options)})`)
      await expect
        .poll(async () => (await read(other)).end)
        .toMatch(new RegExp(`^options-differ: ${option} must be the same in all tabs`))
    }
    feed.publish(10)
    await expectAll(two)
    expect(streams()).toHaveLength(1)
  })

  it('a holder in the back/forward cache hands over, and follows when it is back, again and again', async () => {
    const three = await openTabs(3)
    publishing = setInterval(() => feed.publish(1), 5)
    for (let round = 0; round < 2; round++) {
      const holder = await findHolder(three)
      const others = three.filter((tab) => tab !== holder)
      await holder.evaluate(`void (location = '/elsewhere')`)
      await findHolder(others)
      await expect.poll(() => openStreams().length).toBe(1)
      await holder.evaluate('history.back()')
      await expect.poll(() => holder.evaluate('typeof tab')).toBe('object')
      // It is the same page as before, not one that was loaded again.
      await expect.poll(async () => (await read(holder)).states.at(-1)).toBe('follower open')
      expect((await read(holder)).data.at(0)).toBe('1')
    }
    clearInterval(publishing)
    await expectAll(three)
  })

  it('a holder that hangs is replaced, and follows when it is back', async () => {
    const six = await openTabs(6, { handOverAfter: '2s' })
    publishing = setInterval(() => feed.publish(1), 5)
    const hung = await findHolder(six)
    const others = six.filter((tab) => tab !== hung)
    const back = hung.evaluate('tab.hang(20_000)')
    await findHolder(others)
    await back
    clearInterval(publishing)
    await expectAll(six)
  })
})

const html = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>'
