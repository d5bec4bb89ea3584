import type { Feed } from './feed.ts'

type Endpoints = Readonly<Record<string, Feed>>

/** Endpoints by `METHOD url` that every page may use. */
const COMMON_ENDPOINTS: Endpoints = {
  'GET https://stream.example.com/prices': createNumberedFeed(
    [10, 12, 11, 15].map((price, n) => ({
      type: 'price',
      data: JSON.stringify({ symbol: n % 2 === 0 ? 'A' : 'B', price, time: n * 30_000 }),
    })),
  ),
}

/** Endpoints of pages without feed comments, such as the READMEs that npm shows. */
const PAGE_ENDPOINTS: Readonly<Record<string, Endpoints>> = {
  'packages/core/README.md': {
    'GET https://example.com/prices': createNumberedFeed(
      [1, 2, 3].map((n) => ({ type: 'price', data: `${n}.5` })),
    ),
    // Each token is good for one connection.
    'GET https://example.com/orders': ({ headers, lastEventId }) => {
      const round = Number(lastEventId) + 1
      if (headers.authorization !== `Bearer token ${round}`) return { status: 401, body: ['expired'] }
      return { status: 200, body: [`id: ${round}\ndata: order ${round}\n\n`, round < 3 ? 'CUT' : 'HOLD'] }
    },
    'POST https://example.com/chat': () => ({
      status: 200,
      body: ['data: {"text": "Hi"}\n\ndata: [DONE]\n\n', 'HOLD'],
    }),
    'GET https://example.com/flaky': ({ lastEventId }) =>
      lastEventId === '' ? { status: 200, body: ['id: 7\ndata: a\n\n', 'CUT'] } : undefined,
  },
  'docs/migration/fetch-event-source.md': {
    // The first connection is lost in the middle of the second event.
    'GET https://stream.example.com/letters': ({ lastEventId }) => {
      const blocks = ['a', 'b', 'c'].map((data, n) => `id: ${n + 1}\ndata: ${data}\n`)
      return lastEventId === ''
        ? { status: 200, body: [`${blocks[0]}\n${blocks[1]}`, 'CUT'] }
        : { status: 200, body: [...blocks.slice(Number(lastEventId)).map((block) => `${block}\n`), 'HOLD'] }
    },
  },
  'docs/migration/rxjs-by-hand.md': {
    // Each connection is lost after two events.
    'GET https://stream.example.com/cut-prices': ({ lastEventId }) => {
      const next = Number(lastEventId)
      if (next >= 4) return { status: 200, body: ['HOLD'] }
      const blocks = [next, next + 1].map((n) => `id: ${n + 1}\ndata: ${n + 10}\n\n`)
      return { status: 200, body: ['retry: 10\n\n', ...blocks, 'CUT'] }
    },
  },
  'packages/inspector/README.md': {
    'GET https://example.com/prices': createNumberedFeed([{ type: 'price', data: '1.5' }]),
  },
  'packages/operators/README.md': {
    'GET https://example.com/quakes': createNumberedFeed([
      { type: 'message', data: '{"time":600000,"magnitude":4.5}' },
      { type: 'message', data: '{"time":2400000,"magnitude":4.9}' },
      { type: 'message', data: '{"time":2400000,"magnitude":"strong"}' },
      { type: 'message', data: '{"time":4000000,"magnitude":6.1}' },
    ]),
    'GET https://example.com/alerts': (request, visited) =>
      request.headers.authorization === 'Bearer secret'
        ? createNumberedFeed([
            { type: 'metric', data: '{"host":"a"}' },
            { type: 'alert.cpu', data: '{"host":"a","message":"hot"}' },
            { type: 'alert.cpu', data: '{"host":5}' },
            { type: 'alert.disk', data: '{"host":"b","message":"full"}' },
          ])(request, visited)
        : { status: 401, body: [] },
    'GET https://example.com/orders': createNumberedFeed(
      ['a', 'b'].map((data) => ({ type: 'message', data })),
    ),
  },
}

/** The endpoints of a page without those in its own comments. */
export function listEndpoints(path: string): Endpoints {
  return { ...COMMON_ENDPOINTS, ...PAGE_ENDPOINTS[path] }
}

/** Events with ids from 1. A request continues after its id, and gets 204 if nothing is left. */
function createNumberedFeed(events: readonly { readonly type: string; readonly data: string }[]): Feed {
  return ({ lastEventId }) => {
    const left = events.map((event, n) => ({ ...event, id: n + 1 })).slice(Number(lastEventId))
    if (left.length === 0) return undefined
    const blocks = left.map(({ type, data, id }) => `event: ${type}\nid: ${id}\ndata: ${data}\n\n`)
    return { status: 200, body: ['retry: 10\n\n', ...blocks] }
  }
}
