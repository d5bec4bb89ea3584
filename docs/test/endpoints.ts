import type { Feed } from './feed.ts'

/** Endpoints that every page may use without saying what they send, by `METHOD url`. */
export const endpoints: Readonly<Record<string, Feed>> = {
  'GET https://stream.example.com/prices': feed(
    [10, 12, 11, 15].map((price, n) => ({
      type: 'price',
      data: { symbol: n % 2 === 0 ? 'A' : 'B', price, time: n * 30_000 },
    })),
  ),
  // Of the README.
  'GET https://example.com/trades': threeMinutes((minute) =>
    [10, 12, 11].map((price) => ({ symbol: 'A', price: price + minute, time: start + minute * 60_000 })),
  ),
  // Of docs/README.md.
  'GET https://stream.wikimedia.org/v2/stream/recentchange': threeMinutes((minute) =>
    ['ann', 'bob', 'ann'].map((user) => ({ wiki: 'enwiki', user, timestamp: start / 1000 + minute * 60 })),
  ),
}

const start = Date.UTC(2026, 0, 1)

/** Three minutes of something, for a program that shows windows of a minute to whoever comes: it waits for a client. */
function threeMinutes(data: (minute: number) => readonly unknown[]): Feed {
  return (_, visited) => ({
    status: 200,
    body: [
      { until: visited },
      ...[0, 1, 2].flatMap((minute) => data(minute).map((value) => `data: ${JSON.stringify(value)}\n\n`)),
      'HOLD',
    ],
  })
}

/** Events with ids from 1; a request goes on after its id, and where nothing is left it is answered 204. */
function feed(events: readonly { readonly type: string; readonly data: unknown }[]): Feed {
  return ({ lastEventId }) => {
    const left = events.map((event, n) => ({ ...event, id: n + 1 })).slice(Number(lastEventId))
    if (left.length === 0) return undefined
    const blocks = left.map(
      ({ type, data, id }) => `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`,
    )
    return { status: 200, body: ['retry: 10\n\n', ...blocks] }
  }
}
