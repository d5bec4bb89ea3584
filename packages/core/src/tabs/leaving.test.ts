import { describe, expect, it } from 'vitest'
import { createLiveFeed } from '../../test/live-feed.ts'
import { locks, open, openPlaced, openTab, requests, serve, type TestTab } from '../../test/shared-tab.ts'

describe.skipIf(!locks)('a tab that leaves', () => {
  it.each<(number | undefined)[]>([
    [1, 3],
    [3, 1],
    [2, 2],
    [2, undefined],
  ])('each tab ends with the event of its own until: %s and %s of 4', async (...lasts) => {
    const feed = createLiveFeed()
    await serve(feed.answer)
    const tabs: TestTab[] = []
    for (const last of lasts)
      tabs.push(await openPlaced(last === undefined ? {} : { until: ({ data }) => data === `${last}` }))
    for (let i = 0; i < 4; i++) {
      feed.publish(1)
      for (const [n, last = 4] of lasts.entries())
        await expect.poll(() => tabs[n]?.data.length).toBe(Math.min(i + 1, last))
    }
    for (const [n, last] of lasts.entries()) {
      expect(tabs[n]?.data).toEqual(['1', '2', '3', '4'].slice(0, last))
      expect(tabs[n]?.end).toBe(last && 'complete')
      expect(tabs[n]?.cursors.at(-1)).toBe(`${last ?? 4}`)
    }
    const left = lasts.includes(undefined) ? 1 : 0
    await expect.poll(() => open().length).toBe(left)
  })

  it('without IDs, every tab gets the event with which all end', async () => {
    let go = (): void => {}
    const ready = new Promise<void>((resolve) => {
      go = resolve
    })
    await serve(() => ({ status: 200, body: [{ until: ready }, 'data: a\n\n', 'HOLD'] }))
    const tabs = [1, 2, 3].map(() => openTab({ until: () => true }))
    for (const tab of tabs) await expect.poll(() => tab.states.at(-1)).toContain(' open')
    go()
    for (const tab of tabs) await expect.poll(() => tab.end).toBe('complete')
    for (const tab of tabs) expect(tab.data).toEqual(['a'])
    expect(requests()).toHaveLength(1)
  })

  it('a tab that unsubscribes when it is told of a hand-over leaves no connection and no lock', async () => {
    await serve(() => ({ status: 200, body: ['data: a\n\n', 'HOLD'] }))
    const first = openTab()
    await expect.poll(() => first.data).toEqual(['a'])
    const told: TestTab[] = []
    const tabs = [1, 2].map((n) => {
      const warnings = {
        next(): void {
          const tab = tabs[n - 1] as TestTab
          told.push(tab)
          tab.close()
        },
      }
      return openTab({ warnings })
    })
    for (const tab of tabs) await expect.poll(() => tab.states).toEqual(['follower open'])
    first.close()
    await expect.poll(() => told.length).toBe(2)
    await expect.poll(() => open().length).toBe(0)
    const late = openTab()
    await expect.poll(() => late.data).toEqual(['a'])
    expect(late.states).toEqual(['holder connecting', 'holder open'])
  })
})
