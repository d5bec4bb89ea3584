import { createScriptedServer } from '@rxsse/testing'
import { afterEach, expect, it, vi } from 'vitest'
import type { EventSourceInit, FetchInit } from './interface.ts'

afterEach(() => {
  vi.doUnmock('#platform')
  vi.resetModules()
})

/** What `fetch` is asked with on the platform of browsers. */
async function askedWith(init: EventSourceInit): Promise<FetchInit> {
  vi.resetModules()
  vi.doMock('#platform', () => import('../platform/browser.ts'))
  const { EventSource } = await import('./event-source.ts')
  await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
  let asked: FetchInit | undefined
  const source = new EventSource(server.url, {
    ...init,
    fetch: (url, given) => {
      asked = given
      return fetch(url, given)
    },
  })
  await expect.poll(() => source.readyState).toBe(EventSource.OPEN)
  source.close()
  return asked as FetchInit
}

it.each([
  [undefined, 'same-origin'],
  [false, 'same-origin'],
  [true, 'include'],
])('in a browser, `withCredentials` %s asks with credentials %s', async (withCredentials, credentials) => {
  const asked = await askedWith({ ...(withCredentials !== undefined && { withCredentials }) })
  expect(asked).toMatchObject({ credentials, cache: 'no-store', redirect: 'follow' })
  // No header that would need a CORS preflight.
  expect(asked.headers).toEqual({ accept: 'text/event-stream' })
})

it('in a browser, `redirect` is as it is given', async () => {
  expect(await askedWith({ redirect: 'error' })).toMatchObject({ redirect: 'error' })
})
