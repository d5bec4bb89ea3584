import { Subject } from 'rxjs'
import { beforeEach, describe, expect, it } from 'vitest'
import { createLiveFeed, type LiveFeed } from '../../test/live-feed.ts'
import { locks, openPlaced, openTab, requests, serve } from '../../test/shared-tab.ts'

let feed: LiveFeed

/** A loader whose first tries do what they are told. */
function createLoader(...first: (() => Promise<string>)[]) {
  let loads = 0
  return {
    load: async (): Promise<string> => (await first[loads++]?.()) ?? '1',
    get loads(): number {
      return loads
    },
  }
}

const fail = async (): Promise<string> => {
  throw new Error('quota')
}
const hang = (): Promise<string> => new Promise(() => {})

describe.skipIf(!locks)('a tab whose lastEventId is loaded', () => {
  beforeEach(async () => {
    feed = createLiveFeed()
    await serve(feed.answer)
    feed.publish(2)
  })

  it.each([
    ['fails', fail, 'request'],
    ['hangs', hang, 'connect-timeout'],
  ])('tries again if the loader %s, as fromEventSource does', async (_, first, code) => {
    const reasons: unknown[] = []
    const state = { next: (now: object) => reasons.push('reason' in now && (now.reason as Error)) }
    const lastEventId = createLoader(first)
    const tab = openTab({ lastEventId, state, timeouts: { connect: 50 } })
    await expect.poll(() => tab.data).toEqual(['2'])
    expect(reasons[0]).toMatchObject({ code, attempt: 1 })
    expect(requests().map((request) => request.lastEventId)).toEqual(['1'])
  })

  it('tries again at once if it is woken, and not if it is closed', async () => {
    const reconnect = { initialDelay: '1h', maxDelay: '1h', minDelay: 0 } as const
    const wake = new Subject<void>()
    const loaders = [createLoader(fail), createLoader(fail)] as const
    const [tab, closed] = loaders.map((lastEventId) => openTab({ lastEventId, reconnect, wake }))
    await expect
      .poll(() => [tab?.states, closed?.states])
      .toEqual([['follower waiting'], ['follower waiting']])
    closed?.close()
    wake.next()
    await expect.poll(() => tab?.data).toEqual(['2'])
    expect(loaders.map(({ loads }) => loads)).toEqual([2, 1])
  })

  it('tries again at once if it was woken while it loaded', async () => {
    const wake = new Subject<void>()
    const reconnect = { initialDelay: '1h', maxDelay: '1h', minDelay: 0 } as const
    let loads = 0
    const lastEventId = async (): Promise<string> => {
      loads += 1
      if (loads > 1) return '1'
      wake.next()
      throw new Error('busy')
    }
    const tab = openTab({ lastEventId, reconnect, wake })
    await expect.poll(() => tab.data).toEqual(['2'])
  })

  it('ends alone if it may not try again', async () => {
    const other = await openPlaced()
    const reconnect = { initialDelay: 10, maxAttempts: 2 }
    const tab = openTab({ name: 'other', lastEventId: createLoader(fail, fail), reconnect })
    const ending = openTab({ lastEventId: createLoader(fail), reconnect: { decide: () => 'complete' } })
    await expect.poll(() => tab.end).toContain('retries-exhausted')
    await expect.poll(() => ending.end).toBe('complete')
    feed.publish(1)
    await expect.poll(() => other.data).toEqual(['3'])
  })

  it('loads nothing if its signal was aborted before', () => {
    const lastEventId = createLoader()
    const tab = openTab({ lastEventId, signal: AbortSignal.abort() })
    expect(tab.end).toContain('aborted')
    expect(lastEventId.loads).toBe(0)
  })
})
