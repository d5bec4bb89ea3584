// The feed, a process of its own so that it can be killed: node feed/main.js '{"port":0,"speed":3600,"origin":…}'
import type { AddressInfo } from 'node:net'
import { createFeedServer } from './feed-server.ts'
import { loadTimeline } from './timeline.ts'

const { port, speed, origin } = JSON.parse(process.argv[2] ?? '{}') as {
  port: number
  speed: number
  origin: number
}

const server = createFeedServer({
  timeline: loadTimeline(),
  speed,
  origin,
  lifetime: () => 8_000 + Math.random() * 12_000,
})

server.listen(port, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})

// Ctrl-C reaches the whole process group; the demo decides when the feed may go, by closing the channel between them.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))
