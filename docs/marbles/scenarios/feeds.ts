import { createProgress, mergeFeeds, reorder, tumbling, windowAggregate } from '@rxsse/operators'
import { filter, map } from 'rxjs'
import { type AnyScenario, type Marble, scenario } from '../scenario.ts'
import { type Counted, seconds } from './window.ts'

interface FeedEvent {
  readonly feed: string
  readonly time: number
}

const showFeedEvent = ({ feed, time }: FeedEvent): Marble => ({
  text: `${time}`,
  tone: feed === 'ams' ? 1 : 2,
})

export const feedScenarios: Readonly<Record<string, AnyScenario>> = {
  'create-progress': scenario<FeedEvent, Counted>({
    call: "windowAggregate(tumbling('5s'),\n{ progress, feed, aggregates })",
    alt: 'Two feeds, plotted by when their events came and when they happened. The second one loses its connection. The watermark stands still until the feed is back and has replayed what it missed, and the first window counts every event.',
    until: 16,
    completes: 15.5,
    source: [
      [1, { feed: 'ams', time: 1 }],
      [1.8, { feed: 'par', time: 1.8 }],
      [3, { feed: 'ams', time: 3 }],
      [5.4, { feed: 'ams', time: 5.4 }],
      [7, { feed: 'ams', time: 7 }],
      [9.2, { feed: 'par', time: 2.8 }],
      [9.8, { feed: 'par', time: 4.4 }],
      [10.4, { feed: 'par', time: 6.4 }],
      [12, { feed: 'ams', time: 12 }],
      [13, { feed: 'par', time: 13 }],
    ],
    happened: ({ time }) => time,
    show: showFeedEvent,
    operate: (source, { scheduler, lane, stage }) => {
      const progress = createProgress()
      const connections = { ams: progress.feed('ams').state, par: progress.feed('par').state }
      const show = lane('par is', (status: string) => ({ text: status, tone: 2 }))
      connections.ams.next({ status: 'open' })
      for (const [at, status] of [
        [0, 'open'],
        [2.4, 'waiting'],
        [8.4, 'open'],
      ] as const) {
        scheduler.schedule(() => {
          connections.par.next({ status })
          show(status === 'open' ? 'open' : 'away')
        }, at * 1000)
      }
      return source.pipe(
        windowAggregate(tumbling('5s'), {
          stage,
          progress,
          feed: (event) => event.feed,
          timestamp: (event) => event.time * 1000,
          aggregates: (a) => ({ n: a.count() }),
          scheduler,
        }),
      )
    },
    showOut: (result) => ({
      text: `${seconds(result)} s\nn: ${result.value.n}`,
      tone: result.window.start === 0 ? 1 : result.window.start === 5000 ? 4 : 3,
    }),
    windowOf: ({ window }) => window,
  }),
  'merge-feeds': scenario<FeedEvent, FeedEvent>({
    call: 'mergeFeeds({ ams: …, par: … }),\nreorder({ progress, feed, timestamp })',
    alt: 'Two feeds whose events do not come in the order of time. Merged, and put into the order of time: an event is held until the other feed has come as far.',
    until: 10,
    completes: 9.5,
    source: [
      [0.7, { feed: 'ams', time: 1 }],
      [1.7, { feed: 'ams', time: 3 }],
      [2.9, { feed: 'par', time: 2 }],
      [4.2, { feed: 'par', time: 4 }],
      [5.6, { feed: 'par', time: 6 }],
      [7, { feed: 'ams', time: 5 }],
      [8.3, { feed: 'ams', time: 7 }],
    ],
    show: showFeedEvent,
    operate: (source, { scheduler }) => {
      const { events, progress } = mergeFeeds({
        ams: () => source.pipe(filter(({ feed }) => feed === 'ams')),
        par: () => source.pipe(filter(({ feed }) => feed === 'par')),
      })
      return events.pipe(
        map(({ value }) => value),
        reorder({
          progress,
          feed: ({ feed }) => feed,
          timestamp: ({ time }) => time * 1000,
          scheduler,
        }),
      )
    },
    showOut: showFeedEvent,
  }),
}
