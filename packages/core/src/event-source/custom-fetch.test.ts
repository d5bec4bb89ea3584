import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { connect, endless, listen, openSource, SOON } from '../../test/event-source.ts'
import type { ErrorEvent } from './error-event.ts'

describe('a fetch of one’s own', () => {
  it('gets the URL and what to hand on, and can add headers', async () => {
    const asked: string[] = []
    const { received, server } = await connect(
      [{ status: 200, body: ['id: 1\ndata: a\n\n'] }, endless('data: b\n\n')],
      {
        reconnect: SOON,
        fetch: (url, init) => {
          asked.push(url)
          return fetch(url, { ...init, headers: { ...init.headers, authorization: 'Bearer a' } })
        },
      },
    )
    await received(5)
    expect(asked).toEqual([server.url, server.url])
    for (const { headers } of server.requests) {
      expect(headers).toMatchObject({ accept: 'text/event-stream', authorization: 'Bearer a' })
    }
    expect(server.requests[1]?.lastEventId).toBe('1')
  })

  it('follows redirects itself, so that a header it adds does not reach another origin', async () => {
    await using other = await createScriptedServer(() => endless('data: a\n\n'))
    const { events, received, server } = await connect(
      [{ status: 302, headers: { location: other.url, 'content-type': null }, body: [] }],
      {
        fetch: (url, init) =>
          fetch(url, { ...init, headers: { ...init.headers, authorization: 'Bearer hunter2' } }),
      },
    )
    await received(2)
    expect(events[1]).toMatchObject({ origin: other.url.slice(0, -1) })
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer hunter2' })
    expect(JSON.stringify(other.requests)).not.toContain('hunter2')
  })

  it('is not asked to follow a redirect if `redirect` is `error`', async () => {
    const asked: string[] = []
    const { dispatched, received, server } = await connect(
      [{ status: 302, headers: { location: '/' }, body: [] }],
      {
        redirect: 'error',
        fetch: (url, init) => {
          asked.push(init.redirect)
          return fetch(url, init)
        },
      },
    )
    await received(1)
    expect(dispatched).toEqual([['error', 2, undefined]])
    expect(asked).toEqual(['manual'])
    expect(server.requests).toHaveLength(1)
  })

  it('is told by a signal that the source is closed', async () => {
    let signal: AbortSignal | undefined
    const source = openSource('http://127.0.0.1:9/', {
      fetch: (_url, init) => {
        signal = init.signal
        return new Promise(() => {})
      },
    })
    await expect.poll(() => signal).toBeDefined()
    source.close()
    expect(signal?.aborted).toBe(true)
  })

  it('that rejects is a lost connection, and the event says what it rejected with', async () => {
    let asked = 0
    const source = openSource('http://127.0.0.1:9/', {
      reconnect: SOON,
      fetch: async () => {
        asked++
        throw new TypeError('no route')
      },
    })
    const { events, received } = listen(source)
    await received(2)
    expect(source.readyState).toBe(0)
    expect((events[0] as ErrorEvent).message).toBe('the connection failed: no route')
    expect(asked).toBeGreaterThan(0)
  })

  it('that aborts by itself fails the connection', async () => {
    const source = openSource('http://127.0.0.1:9/', {
      fetch: async () => {
        throw new DOMException('navigated away', 'AbortError')
      },
    })
    const { dispatched, received } = listen(source)
    await received(1)
    expect(dispatched).toEqual([['error', 2, undefined]])
  })
})
