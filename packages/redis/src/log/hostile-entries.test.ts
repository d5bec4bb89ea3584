import { createSink } from '@rxsse/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { redisPath } from '../../test/redis.ts'
import { setUpAdmin, setUpLog, setUpRedis } from '../../test/set-up.ts'

/** Bodies that something other than a sink has written. */
const BODIES: readonly (readonly [string, string])[] = [
  ['broken JSON', '{"message":{"data":"bad"'],
  ['no JSON at all', 'data: forged'],
  ['null', 'null'],
  ['data that is a number', body({ data: 5, topic: 'message' })],
  ['no data', body({ topic: 'message' })],
  ['no topic', body({ data: 'bad' })],
  ['a line feed in its type', body({ data: 'bad', topic: 'message', type: 'a\ndata: forged' })],
  ['a carriage return in its id', body({ data: 'bad', topic: 'message', id: 'a\rdata: forged' })],
  ['an id that is an object', body({ data: 'bad', topic: 'message', id: { a: 1 } })],
  ['no target', JSON.stringify({ message: { data: 'bad', topic: 'message' } })],
  ['a target of nobody', body({ data: 'bad', topic: 'message' }, {})],
  ['a room and a user as target', body({ data: 'bad', topic: 'message' }, { room: 'r', user: 'u' })],
]

function body(message: object, target: unknown = 'all'): string {
  return JSON.stringify({ message, target })
}

describe.skipIf(redisPath === undefined)('an entry that something else wrote to Redis', () => {
  it.each(BODIES)(
    'with %s is left out by every node, live and in a replay, counted and told once',
    async (_name, hostile) => {
      const redis = await setUpRedis()
      const admin = await setUpAdmin(redis)
      const nodes = [1, 2].map(() => {
        const errors: Error[] = []
        const log = setUpLog({ url: redis.url, key: 'rxsse', ids: 'message' })
        const sink = createSink({ log, heartbeat: false, onError: (error) => errors.push(error as Error) })
        onTestFinished(() => sink.close())
        return { log, sink, errors }
      })
      const [first] = nodes
      const { id, offset } = (await first?.log.head()) ?? { id: '', offset: 0 }
      const live = await Promise.all(nodes.map(({ sink }) => read(sink)))
      await Promise.all(live.map(({ until }) => until(/id: /)))
      const epoch = id.replace(/-0$/, '')
      const sound = (data: string) => body({ data, topic: 'message' })
      const adding = admin.multi()
      for (const [index, each] of [sound('one'), hostile, sound('two')].entries()) {
        adding.xAdd('{rxsse}:events', `${offset + index + 1}-0`, { i: `${epoch}-${index + 1}`, m: each })
      }
      await adding.hSet('{rxsse}:metadata', { last: `${offset + 3}`, used: '1' }).exec()
      await Promise.all(live.map(({ until }) => until(/data: two\n/)))
      const resumed = await Promise.all(nodes.flatMap(({ sink }) => [read(sink, id), read(sink, id)]))
      await Promise.all(resumed.map(({ until }) => until(/data: two\n/)))
      await first?.sink.publish({ data: 'later' })
      for (const { until } of [...live, ...resumed]) {
        expect((await until(/data: later\n/)).match(/data: .*/g)).toEqual([
          'data: one',
          'data: two',
          'data: later',
        ])
      }
      for (const { sink, errors } of nodes) {
        expect(errors.map(({ name }) => name)).toEqual(['LogEntryError'])
        expect(sink.stats()).toMatchObject({ refused: 1, connections: 3 })
      }
    },
  )
})

/** A client that keeps what it reads. */
async function read(sink: ReturnType<typeof createSink>, lastEventId?: string) {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const { body: stream } = await sink.fetch(new Request('http://localhost/', { headers }))
  const reader = (stream as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  onTestFinished(() => reader.cancel())
  let text = ''
  return {
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) text += (await reader.read()).value ?? ''
      return text
    },
  }
}
