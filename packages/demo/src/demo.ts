import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type ConnectionState, fromEventSource } from '@rxsse/core'
import type { SseEvent } from '@rxsse/operators'
import { type NextObserver, type Observable, tap } from 'rxjs'
import { anySourcePipeline } from './any-source-pipeline.ts'
import { countEvents, noCounts, trackUpstream } from './counts.ts'
import { superviseFeed } from './feed/supervise.ts'
import { createExhibition } from './live/exhibition.ts'
import { createLiveServer } from './live/live-server.ts'
import { readPageFiles } from './live/page-files.ts'
import type { Messages } from './messages.ts'
import type { DemoOptions } from './options.ts'
import { replayPipeline } from './replay-pipeline.ts'

export interface Demo {
  readonly url: string
  /** Of the feed, while it runs. */
  readonly feedPid: number | undefined
  status(): Messages['status']
  /** Tells every client when to come back, lets it read what is on its way, and ends all that was started. */
  close(): Promise<void>
}

/** Starts the whole line: feed, pipeline, sinks and page. Rejects where the port is taken or the feed does not start. */
export async function startDemo({ port, speed, source, by }: DemoOptions): Promise<Demo> {
  const counts = noCounts()
  const exhibition = createExhibition()
  const server = createLiveServer({
    files: readPageFiles(fileURLToPath(new URL('./page/', import.meta.url))),
    snapshot: exhibition.snapshot,
    sinks: exhibition.sinks,
  })
  // Before anything else starts: where the port is taken, this is the only thing to say.
  server.listen(port)
  await once(server, 'listening')

  const feed = source === undefined ? await superviseFeed({ speed }) : undefined
  const url = source?.href ?? feed?.url ?? ''
  const status = (): Messages['status'] => ({
    source:
      feed === undefined
        ? url
        : `A week of earthquakes and twenty years of prices, ${speed.toLocaleString('en')} times as fast`,
    replay: feed !== undefined,
    connection: upstream.now(),
    counts: { ...counts },
  })
  const tellStatus = (): void => exhibition.tellPage({ type: 'status', data: status() })
  const upstream = trackUpstream(counts, tellStatus)
  const dropped = (): void => {
    counts.dropped += 1
  }
  const told = (): void => {
    counts.out += 1
  }

  if (feed !== undefined) {
    const events = read(url, upstream).pipe(countEvents(counts))
    const { quakes, alerts, prices, moves } = replayPipeline(events, dropped)
    exhibition.expose('quakes', { quakes }, told)
    exhibition.expose('alerts', { alert: alerts }, told)
    exhibition.expose('prices', { price: prices, move: moves }, told)
  } else {
    const events = read(url, upstream).pipe(tap(() => counts.in++))
    const { counts: counted, samples } = anySourcePipeline(events, by, dropped)
    exhibition.expose('counts', { count: counted }, told)
    exhibition.expose('samples', { sample: samples }, told)
  }
  const everySecond = setInterval(tellStatus, 1_000)

  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    get feedPid() {
      return feed?.pid
    },
    status,
    async close() {
      clearInterval(everySecond)
      server.close()
      await exhibition.close('2s')
      feed?.stop()
      server.closeAllConnections()
    },
  }
}

function read(url: string, state: NextObserver<ConnectionState>): Observable<SseEvent> {
  return fromEventSource(url, {
    state,
    headers: { 'user-agent': 'rxsse-demo (https://github.com/rxsse/rxsse)' },
    // A replay that was killed is back within seconds, and whoever watches wants to see it.
    reconnect: { maxDelay: '5s' },
  })
}
