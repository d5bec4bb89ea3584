import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Measured } from './pipelines.ts'

/**
 * A server of feeds that go on after any event, a few events at a time. After the last one there is nothing any more. The path
 * is the feed's name.
 */
export async function serveFeeds(events: number) {
  const server = createServer((request, response) => {
    let next = Number(request.headers['last-event-id'] ?? 0)
    if (next >= events) {
      response.writeHead(204).end()
      return
    }
    const shift = request.url === '/ams' ? 0 : 5
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const timer = setInterval(() => {
      for (let n = 0; n < 2 && next < events; n++) {
        response.write(`data: ${JSON.stringify(measure(next, shift))}\nid: ${++next}\n\n`)
      }
      if (next === events) response.end()
    }, 4)
    response.on('close', () => clearInterval(timer))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => server.close(),
  }
}

function measure(n: number, shift: number): Omit<Measured, 'feed'> {
  return { n, key: n % 3, time: 10_000 + shift + n * 10 - ((n * 7919) % 40), value: (n * 7919) % 1009 }
}
