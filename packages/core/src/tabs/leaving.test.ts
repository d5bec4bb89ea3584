import { describe, expect, it } from 'vitest'
import { createLiveFeed } from '../../test/live-feed.ts'
import { locks, open, openPlaced, openTab, serve, type TestTab } from '../../test/shared-tab.ts'

describe.skipIf(!locks)('a tab that leaves', () => {
  it('until ends each tab with its event', async () => {
    const feed = createLiveFeed()
    await serve(feed.answer)
    const until = ({ data }: { readonly data: string }): boolean => data === '2'
    const tabs = [await openPlaced({ until }), await openPlaced({ until })]
    feed.publish(3)
    for (const tab of tabs) {
      await expect.poll(() => tab.end).toBe('complete')
      expect(tab.data).toEqual(['1', '2'])
    }
    await expect.poll(() => open().length).toBe(0)
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
