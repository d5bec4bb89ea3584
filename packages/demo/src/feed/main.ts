// Runs the feed in a process of its own, so that it can be killed:
// node feed/main.js '{"port":0,"speed":3600,"origin":…}'
import { closeAsChild, listenAsChild, readChildConfig } from '../process/child.ts'
import { createFeedServer } from './feed-server.ts'
import { loadTimeline } from './timeline.ts'

const { port, speed, origin } = readChildConfig<FeedConfig>()

export interface FeedConfig {
  readonly speed: number
  /** The start of the replay in epoch milliseconds. A restarted feed continues from there. */
  readonly origin: number
}

const server = createFeedServer({
  timeline: loadTimeline(),
  speed,
  origin,
  lifetime: () => 8_000 + Math.random() * 12_000,
})
closeAsChild(async () => {})
listenAsChild(server, { port, host: '127.0.0.1' })
