import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createFeedServer, type FeedOptions } from './feed-server.ts'
import { createTimeline } from './timeline.ts'

const HOUR = 3_600_000
const timeline = createTimeline(
  [
    { code: 'a', time: 10, magnitude: 1, place: 'here', depth: 1 },
    { code: 'b', time: HOUR / 2, magnitude: 2, place: 'there', depth: 2 },
    { code: 'c', time: HOUR - 1, magnitude: 3, place: 'nowhere', depth: 3 },
  ],
  [{ date: '2000-01-03', close: 1455 }],
)
const never = (): number => Number.POSITIVE_INFINITY

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function listen(options: Partial<FeedOptions>): Promise<number> {
  const server = createFeedServer({ timeline, speed: 1, origin: Date.now(), lifetime: never, ...options })
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Reads the raw response until `enough` accepts it or the connection closes. */
function read(
  port: number,
  headers: string,
  enough: (text: string) => boolean,
  target = '/feed',
): Promise<{ text: string; reset: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: feed\r\n${headers}\r\n`),
    )
    let text = ''
    let reset = false
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += chunk
      if (enough(text)) socket.destroy()
    })
    socket.on('error', () => {
      reset = true
    })
    socket.on('close', () => resolve({ text, reset }))
  })
}

const ids = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))

it('sends the events that are due since the origin, in order, and then waits', async () => {
  // Two hours into laps of one hour: eight events are due, and the ninth as the third lap begins.
  const port = await listen({ speed: 1e-9, origin: Date.now() - (2 * HOUR - 1) * 1e9 })
  const { text } = await read(port, '', (text) => ids(text).length === 8)
  expect(ids(text)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

it('continues after the given last event ID', async () => {
  const port = await listen({ speed: 1e9 })
  const { text } = await read(port, 'Last-Event-ID: 1234\r\n', (text) => ids(text).length >= 3)
  expect(ids(text).slice(0, 3)).toEqual([1235, 1236, 1237])
})

it('starts from the beginning if it does not know the last event ID', async () => {
  const port = await listen({ speed: 1e9 })
  const { text } = await read(port, 'Last-Event-ID: abc\r\n', (text) => ids(text).length >= 1)
  expect(ids(text)[0]).toBe(1)
})

it('cuts connections in turn by a FIN within an event, a reset and a clean end', async () => {
  const port = await listen({ speed: 1e-9, lifetime: () => 0 })
  const middle = await read(port, '', () => false)
  expect(middle.text).toContain('id: ')
  expect(middle.text).not.toMatch(/\r\n0\r\n\r\n$/)
  const reset = await read(port, '', () => false)
  expect(reset.text).not.toMatch(/\r\n0\r\n\r\n$/)
  const clean = await read(port, 'Connection: close\r\n', () => false)
  expect(clean.text).toMatch(/\r\n0\r\n\r\n$/)
  expect([middle.reset, reset.reset, clean.reset]).toEqual([false, true, false])
})

it('answers 404 outside /feed', async () => {
  const port = await listen({})
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
})

it('answers any request line', async () => {
  const port = await listen({})
  for (const target of ['//', '/constructor', '/feed/x?y', '*']) {
    const { text } = await read(port, '', (head) => head.includes('\r\n\r\n'), target)
    expect(text, target).toMatch(/^HTTP\/1.1 404 /)
  }
})
