// The feed, a process of its own so that it can be killed: node feed/main.js '{"port":0,"speed":3600,"origin":…}'
import { childConfig, listenAsChild } from '../process/listen-as-child.ts'
import { createFeedServer } from './feed-server.ts'
import { loadTimeline } from './timeline.ts'

const { port, speed, origin } = childConfig<FeedConfig>()

export interface FeedConfig {
  readonly speed: number
  /** When the replay began, epoch milliseconds: a restart goes on where it would be by now. */
  readonly origin: number
}

const server = createFeedServer({
  timeline: loadTimeline(),
  speed,
  origin,
  lifetime: () => 8_000 + Math.random() * 12_000,
})
listenAsChild(server, { port, host: '127.0.0.1', close: async () => {} })
