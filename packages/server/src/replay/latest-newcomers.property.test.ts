import { setImmediate as endOfTick } from 'node:timers/promises'
import { type Interpretation, referenceParse } from '@rxsse/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRemoteLog, createSharedLog } from '../../test/slow-logs.ts'
import { isMeant } from '../fan-out/target.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { Target } from '../sink/message.ts'
import { createSink, type Sink } from '../sink/sink.ts'

const TARGETS: readonly Target[] = ['all', 'all', { room: 'r' }, { user: 'u' }]
const TYPES = ['a', 'b.x', 'hidden'] as const

interface Audience {
  readonly query: string
  readonly rooms: readonly string[]
  readonly user: string | undefined
  readonly types: readonly string[]
}

const AUDIENCES: readonly Audience[] = [
  { query: '', rooms: [], user: undefined, types: ['a', 'b.x'] },
  { query: '?room=r', rooms: ['r'], user: undefined, types: ['a', 'b.x'] },
  { query: '?user_id=u&event_type=a', rooms: [], user: 'u', types: ['a'] },
  { query: '?user_id=u&room=r', rooms: ['r'], user: 'u', types: ['a', 'b.x'] },
]

interface Published {
  readonly type: string
  readonly target: Target
  readonly key: string
  readonly data: string
}

const actions = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('publish' as const),
        key: fc.nat(9),
        as: fc.nat(11),
        size: fc.constantFrom(0, 40_000),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('open' as const), audience: fc.nat(3), reads: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.nat(6) }) },
  ),
  { minLength: 5, maxLength: 80 },
)

/** A client that may begin to read late. */
class Client {
  readonly audience: Audience
  /** The number of messages published before it came. */
  readonly after: number
  readonly #chunks: Uint8Array[] = []
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined

  constructor(audience: Audience, after: number) {
    this.audience = audience
    this.after = after
  }

  async open(sink: Sink, reads: boolean): Promise<void> {
    const response = await sink.fetch(new Request(`http://localhost/${this.audience.query}`))
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader()
    if (reads) this.read()
  }

  async read(): Promise<void> {
    for (let read = await this.#reader?.read(); read?.done === false; read = await this.#reader?.read()) {
      this.#chunks.push(read.value)
    }
  }

  get events(): Interpretation['events'] {
    return referenceParse(Buffer.concat(this.#chunks)).events
  }
}

function sees({ rooms, user, types }: Audience, { target, type }: Published): boolean {
  return isMeant(target, rooms, user) && types.includes(type)
}

/** What a client gets that is up to date after `count` messages, and gets all of them afterwards. */
function expectData(published: readonly Published[], audience: Audience, count: number): string[] {
  const latest = new Map<string, string>()
  for (const each of published.slice(0, count)) {
    if (!sees(audience, each)) continue
    latest.delete(each.key)
    latest.set(each.key, each.data)
  }
  const live = published.slice(count).filter((each) => sees(audience, each))
  return [...latest.values(), ...live.map(({ data }) => data)]
}

describe.each<[string, (chance: () => number) => EventLog]>([
  ['memoryLog', () => memoryLog()],
  ['a remote log', (chance) => createRemoteLog(chance)],
  ['a shared log', (chance) => createSharedLog(chance)],
])('newcomers of %s that want the latest of each key', (_name, createLog) => {
  it.each([undefined, 0, 2_500])(
    'get it as of one moment, and everything since: maxBytes %s',
    async (maxBytes) => {
      await fc.assert(
        fc.asyncProperty(actions, fc.infiniteStream(fc.nat(99)), async (todo, chances) => {
          const log = createLog(() => (chances.next().value as number) / 100)
          const sink = createSink({
            log,
            match: ['a', 'b.*'],
            heartbeat: false,
            newcomers: {
              latestByKey: ({ data }) => data.split(' ')[0],
              ...(maxBytes === undefined ? {} : { maxBytes }),
            },
            rooms: { authorize: () => true },
            trustQueryUser: true,
            slowClient: { maxMessages: 10_000, maxBytes: 1 << 26 },
          })
          for (let turn = 0; turn < 20; turn++) await endOfTick()
          const published: Published[] = []
          const late: Client[] = []
          const clients: Client[] = []
          const publishing: Promise<unknown>[] = []
          for (const action of todo) {
            if (action.do === 'wait') for (let turn = 0; turn < action.turns; turn++) await endOfTick()
            else if (action.do === 'publish') {
              const target = TARGETS[action.as % 4] as Target
              const type = TYPES[action.as % 3] as string
              const key = `k${action.key}`
              const data = `${key} ${published.length} ${'x'.repeat(action.size)}`
              if (type !== 'hidden') published.push({ type, target, key, data })
              publishing.push(sink.publish({ type, data }, target))
            } else {
              const client = new Client(AUDIENCES[action.audience] as Audience, published.length)
              clients.push(client)
              await client.open(sink, action.reads)
              if (!action.reads) late.push(client)
            }
          }
          await Promise.all(publishing)
          for (const client of late) void client.read()
          for (let turn = 0; turn < 100; turn++) await endOfTick()
          await sink.close()
          for (const { audience, events } of clients) {
            const got = events.map(({ data }) => data)
            const moments = published.map((_each, n) => expectData(published, audience, n + 1))
            const possible = [expectData(published, audience, 0), ...moments]
            expect(possible).toContainEqual(got)
          }
        }),
        { numRuns: 60 },
      )
    },
  )
})
