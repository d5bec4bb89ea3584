import {
  type Aggregates,
  createProgress,
  type EventTimeOptions,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import type { Observable } from 'rxjs'
import type { Contender, Suite } from '../harness/suite.ts'
import { drain, emitAll, type Reading } from './readings.ts'

const operations = { full: 3_000_000, quick: 800_000, warmUp: 1_000_000 }
const FEEDS = ['ams', 'fra', 'lhr', 'par']
const SENSORS = 10

interface FeedReading extends Reading {
  readonly feed: string
}

/** The readings come every 10 ms, and `burst` of them in a row from the same feed. */
function createContender(
  name: string,
  burst: number,
  createOptions: () => Pick<EventTimeOptions<FeedReading>, 'progress' | 'feed' | 'idle'>,
): Contender {
  return {
    name,
    prepare() {
      const list = Array.from({ length: operations.full }, (_, i) => ({
        time: 1_700_000_000_000 + i * 10,
        sensor: i % SENSORS,
        value: ((i * 7919) % 1000) / 10,
        feed: FEEDS[Math.floor(i / burst) % FEEDS.length] as string,
      }))
      let howMany = 0
      const minutes = countMinutes(
        emitAll(list, () => howMany),
        createOptions(),
      )
      return {
        run(operations) {
          howMany = operations
          return drain(minutes)
        },
      }
    },
  }
}

function countMinutes(
  source: Observable<FeedReading>,
  options: EventTimeOptions<FeedReading>,
): Observable<unknown> {
  return source.pipe(
    windowAggregate(tumbling('1m'), {
      ...options,
      timestamp: (r) => r.time,
      key: (r) => r.sensor,
      aggregates: (a: Aggregates<FeedReading>) => ({
        n: a.count(),
        mean: a.avg((r) => r.value),
        min: a.min((r) => r.value),
        max: a.max((r) => r.value),
      }),
    }),
  )
}

function withProgress(): Pick<EventTimeOptions<FeedReading>, 'progress' | 'feed'> {
  const progress = createProgress()
  for (const name of FEEDS) progress.feed(name).state.next({ status: 'open' })
  return { progress, feed: (r) => r.feed }
}

const IN_TURN = 'four feeds, in turn'
const IN_BURSTS = 'four feeds, 100 events at a time'
const IDLE_IN_TURN = 'four feeds with idle, in turn'
const ONE = 'one feed'
const ONE_IDLE = 'one feed with idle'

export const suite: Suite = {
  title: 'Windows over merged feeds',
  description:
    'Tumbling windows of a minute by key, ten sensors, 100 readings a second: count, mean, minimum and maximum. The watermark is the smallest of four feeds, or that of one.',
  operation: 'event',
  operations,
  contenders: [
    createContender(IN_TURN, 1, withProgress),
    createContender(IN_BURSTS, 100, withProgress),
    createContender(IDLE_IN_TURN, 1, () => ({ ...withProgress(), idle: '30s' })),
    createContender(ONE, 1, () => ({})),
    createContender(ONE_IDLE, 1, () => ({ idle: '30s' })),
  ],
  ours: [IN_TURN, IN_BURSTS, IDLE_IN_TURN, ONE, ONE_IDLE],
  targets: [
    { contender: IN_TURN, against: ONE, atMost: 1.1 },
    { contender: IN_BURSTS, against: ONE, atMost: 1.1 },
    { contender: IDLE_IN_TURN, against: ONE_IDLE, atMost: 1.1 },
  ],
}
