import { Subject } from 'rxjs'
import { beforeEach, describe, expect, it } from 'vitest'
import { createLiveFeed, type LiveFeed } from '../../test/live-feed.ts'
import { locks, open, openPlaced, openTab, requests, serve, serverUrl } from '../../test/shared-tab.ts'
import { createFlowGate } from '../index.ts'
import { type SharedEventSourceOptions, sharedEventSource } from './index.ts'

let feed: LiveFeed

describe.skipIf(!locks)('tabs', () => {
  beforeEach(async () => {
    feed = createLiveFeed()
    await serve(feed.answer)
  })

  it('share one connection, with its states, comments and cursor', async () => {
    await serve(() => ({
      status: 200,
      body: ['id: 0\n\n', { until: ready }, ':hi\n\nid: 1\ndata: a\n\n', 'HOLD'],
    }))
    let go = (): void => {}
    const ready = new Promise<void>((resolve) => {
      go = resolve
    })
    const first = await openPlaced()
    const second = await openPlaced()
    go()
    for (const tab of [first, second]) {
      await expect.poll(() => tab.data).toEqual(['a'])
      expect(tab).toMatchObject({ cursors: ['0', '1'], comments: ['hi'], warnings: [] })
    }
    expect(first.states).toEqual(['holder connecting', 'holder open'])
    expect(second.states).toEqual(['follower open'])
    expect(requests()).toHaveLength(1)
  })

  it('a later tab gets events from then on, or those after its own last event ID', async () => {
    const first = await openPlaced()
    feed.publish(3)
    await expect.poll(() => first.data.length).toBe(3)
    const late = await openPlaced()
    const resumed = openTab({ lastEventId: '1' })
    const loaded = openTab({ lastEventId: { load: async () => '2' } })
    feed.publish(1)
    await expect.poll(() => late.data).toEqual(['4'])
    await expect.poll(() => resumed.data).toEqual(['2', '3', '4'])
    await expect.poll(() => loaded.data).toEqual(['3', '4'])
    expect(requests()).toHaveLength(1)
  })

  it('a tab that is too far behind catches up by a connection of its own, and gives it up', async () => {
    feed.publish(5)
    await openPlaced()
    const behind = openTab({ lastEventId: '2' })
    await expect.poll(() => behind.data).toEqual(['3', '4', '5'])
    await expect.poll(() => open().length).toBe(1)
    feed.publish(1)
    await expect.poll(() => behind.data).toEqual(['3', '4', '5', '6'])
    expect(behind.states).toEqual(['catching-up connecting', 'catching-up open', 'follower open'])
    expect(requests().map(({ lastEventId }) => lastEventId)).toEqual(['', '2'])
  })

  it('a frozen holder has neither the lock nor a connection, twice', async () => {
    const first = await openPlaced()
    const second = await openPlaced()
    for (const [holder, other] of [
      [first, second],
      [second, first],
    ] as const) {
      holder.freeze()
      feed.publish(2)
      await expect.poll(() => other.data.length).toBe(feed.count)
      holder.thaw()
      await expect.poll(() => holder.data.length).toBe(feed.count)
    }
    for (const tab of [first, second]) expect(tab.data).toEqual(['1', '2', '3', '4'])
    expect(open()).toHaveLength(1)
  })

  it('an option that differs is an error of the later tab, which names it', async () => {
    const first = await openPlaced({ headers: { 'x-team': 'a' } })
    const cases: readonly [string, SharedEventSourceOptions][] = [
      ['headers', { headers: { 'x-team': 'b' } }],
      ['headers', { headers: () => ({}) }],
      ['events', { headers: { 'x-team': 'a' }, events: ['price'] }],
      ['reconnect', { headers: { 'x-team': 'a' }, reconnect: {} }],
      ['url', { headers: { 'x-team': 'a' }, name: `${serverUrl()}` }],
    ]
    for (const [option, options] of cases) {
      const url = option === 'url' ? `${serverUrl()}other` : serverUrl()
      const tab = openTab(options, { url })
      const message = `options-differ: ${option} must be the same in all tabs with the same name`
      await expect.poll(() => tab.end).toContain(message)
      expect(tab.states).toEqual(['follower closed'])
    }
    feed.publish(1)
    await expect.poll(() => first.data).toEqual(['1'])
    expect(requests()).toHaveLength(1)
  })

  it('a release that changes an option and the name works beside tabs of the release before', async () => {
    const before = await openPlaced({ name: 'prices', timeouts: { idle: '60s' } })
    const without = openTab({ name: 'prices', timeouts: { idle: '90s' } })
    await expect.poll(() => without.end).toContain('if a release changes it, it needs another name')
    const after = await openPlaced({ name: 'prices 2', timeouts: { idle: '90s' } })
    feed.publish(1)
    for (const tab of [before, after]) await expect.poll(() => tab.data).toEqual(['1'])
  })

  it('two streams do not mix', async () => {
    const a = await openPlaced({}, { url: `${serverUrl()}a` })
    const b = await openPlaced({}, { url: `${serverUrl()}b` })
    feed.publish(1)
    await expect.poll(() => [a.data, b.data]).toEqual([['1'], ['1']])
    expect(open()).toHaveLength(2)
  })

  it('the end of the stream ends all tabs, and the next tab starts anew', async () => {
    let go = (): void => {}
    const ready = new Promise<void>((resolve) => {
      go = resolve
    })
    await serve(({ index }) =>
      index % 2 === 0
        ? { status: 200, body: ['id: 1\n\n', { until: ready }, 'END'] }
        : { status: index === 1 ? 204 : 403, framing: 'none', body: [] },
    )
    for (const end of ['complete', 'http-status: the server answered 403']) {
      const tabs = [await openPlaced(), await openPlaced()]
      go()
      for (const tab of tabs) await expect.poll(() => tab.end).toContain(end)
    }
    expect(requests()).toHaveLength(4)
  })

  it('a signal ends its own tab, and before the start sends nothing', async () => {
    const first = await openPlaced()
    const controller = new AbortController()
    const second = await openPlaced({ signal: controller.signal })
    controller.abort()
    expect(second.end).toBe('aborted: the signal was aborted')
    feed.publish(1)
    await expect.poll(() => first.data).toEqual(['1'])
    const late = openTab({ signal: controller.signal }, { url: `${serverUrl()}late` })
    expect(late.end).toBe('aborted: the signal was aborted')
    expect(requests()).toHaveLength(1)
  })

  it('the connection is read only while every gate is open', async () => {
    const gate = { shut: false, changes: new Subject<boolean>() }
    const turn = (shut: boolean): void => {
      gate.shut = shut
      gate.changes.next(shut)
    }
    const first = await openPlaced()
    const second = await openPlaced({ gate })
    turn(true)
    // The holder hears of the gate before it answers this tab.
    const third = await openPlaced()
    // undici hands over one more piece after it is paused.
    for (let i = 0; i < 3; i++) {
      const before = requests()[0]?.bytesSent as number
      feed.publish(1)
      await expect.poll(() => requests()[0]?.bytesSent).toBeGreaterThan(before)
    }
    await openPlaced()
    for (const tab of [first, second, third]) expect(tab.data.length).toBeLessThanOrEqual(1)
    turn(false)
    for (const tab of [first, second, third]) await expect.poll(() => tab.data).toEqual(['1', '2', '3'])
  })

  it('any tab wakes a connection that waits', async () => {
    await serve(({ index }) =>
      index === 0 ? { raw: ['RST'] } : { status: 200, body: ['id: 1\n\n', 'HOLD'] },
    )
    const wake = new Subject<void>()
    const reconnect = { initialDelay: '1h', maxDelay: '1h', minDelay: 0 } as const
    const first = openTab({ reconnect, wake })
    await expect.poll(() => first.states.at(-1)).toBe('holder waiting')
    const second = openTab({ reconnect, wake })
    await expect.poll(() => second.states.at(-1)).toBe('follower waiting')
    const third = openTab({ reconnect, wake: new Subject() })
    await expect.poll(() => third.states.at(-1)).toBe('follower waiting')
    wake.next()
    await expect.poll(() => third.states.at(-1)).toBe('follower open')
  })

  it('a wake that fails errors its own tab', async () => {
    const first = await openPlaced()
    const wake = new Subject<void>()
    const second = await openPlaced({ wake })
    wake.error(new Error('boom'))
    expect(second.end).toBe('request: wake failed')
    expect(openTab({ wake }).end).toBe('request: wake failed')
    feed.publish(1)
    await expect.poll(() => first.data).toEqual(['1'])
  })

  it('a gate that an observer opens as it shuts holds nothing back', async () => {
    const gate = createFlowGate({ high: 1, low: 0 })
    gate.changes.subscribe((shut) => shut && gate.release())
    const tabs = [await openPlaced({ gate }), await openPlaced({ gate })]
    for (let i = 1; i <= 3; i++) {
      gate.acquire()
      feed.publish(1)
      for (const { data } of tabs) await expect.poll(() => data.length).toBe(i)
    }
  })

  it('without IDs, a hand-over is told', async () => {
    await serve(() => ({ status: 200, body: ['data: a\n\n', 'HOLD'] }))
    const first = openTab()
    await expect.poll(() => first.data).toEqual(['a'])
    const second = openTab()
    await expect.poll(() => second.states.length).toBe(1)
    first.close()
    await expect.poll(() => second.data).toEqual(['a'])
    expect(second.warnings).toEqual(['hand-over'])
  })

  it('what another script posts on their channel is ignored, and told once', async () => {
    const tabs = [await openPlaced(), await openPlaced()]
    const term = { number: 99, tab: 'other' }
    const end = { kind: 'end', term, error: undefined }
    const channel = new BroadcastChannel(`rxsse-tabs-1 ${serverUrl()}`)
    for (const junk of [undefined, null, 0, 'end', {}, [null], end, [end], { rxsse: 'end' }])
      channel.postMessage(junk)
    for (const { warnings } of tabs) await expect.poll(() => warnings).toEqual(['foreign-message'])
    feed.publish(1)
    for (const { data } of tabs) await expect.poll(() => data).toEqual(['1'])
    for (const { warnings, end } of tabs) expect([warnings.length, end]).toEqual([1, undefined])
    channel.close()
  })

  it('where locks are refused, each tab has its own connection, and its state says so', async () => {
    const refusing = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) }
    const tabs = [await openPlaced({}, { locks: refusing }), await openPlaced({}, { locks: refusing })]
    feed.publish(1)
    for (const tab of tabs) {
      await expect.poll(() => tab.data).toEqual(['1'])
      expect(tab.states).toEqual(['unshared connecting', 'unshared open'])
      tab.close()
      expect(tab.states.at(-1)).toBe('unshared closed')
    }
    expect(requests()).toHaveLength(2)
  })
})

describe('where tabs cannot share', () => {
  it('each subscription has its own connection, and its state says so', async () => {
    feed = createLiveFeed()
    await serve(feed.answer)
    const states: string[] = []
    const state = {
      next: ({ role, status }: { role: string; status: string }) => states.push(`${role} ${status}`),
    }
    const subscription = sharedEventSource(serverUrl(), { state }).subscribe()
    await expect.poll(() => states).toEqual(['unshared connecting', 'unshared open'])
    subscription.unsubscribe()
    expect(states.at(-1)).toBe('unshared closed')
  })
})

describe('an option that cannot be shared is refused', () => {
  const url = 'http://localhost/'
  it.each<[string, () => unknown]>([
    ['reconnect must be an object', () => sharedEventSource(url, { reconnect: false as never })],
    ['method must be idempotent', () => sharedEventSource(url, { method: 'post' })],
    ['method must be idempotent', () => sharedEventSource(url, { method: (() => 'GET') as never })],
    ['name must be a text if the url is a function', () => sharedEventSource(() => url)],
    ['name must be a text that is not empty', () => sharedEventSource(url, { name: '' })],
    ['name must be a text that is not empty', () => sharedEventSource(url, { name: 5 as never })],
    ['handOverAfter must be', () => sharedEventSource(url, { handOverAfter: 0 })],
    ['handOverAfter must be', () => sharedEventSource(url, { handOverAfter: '30d' })],
    ['events must be a list', () => sharedEventSource(url, { events: 'a' as never })],
  ])('%s', (message, create) => {
    expect(create).toThrow(message)
  })
})
