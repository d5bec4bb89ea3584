import { setImmediate as turn } from 'node:timers/promises'
import { referenceParse } from '@rxsse/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRemoteLog, createSharedLog } from '../../test/slow-logs.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { Target } from './message.ts'
import { createSink, type Sink } from './sink.ts'

/** A message in the model. Its number is its offset in the log. */
interface Sent {
  readonly offset: number
  readonly topic: string
  readonly target: Target
}

interface Model {
  readonly sent: Sent[]
  readonly clients: Client[]
}

const PADDING = 'x'.repeat(30_000)

/** A client over many connections. It checks that it sees each of its messages once, in order. */
class Client {
  readonly topic: string | undefined
  readonly room: string | undefined
  connected = false
  stalled = false
  #cursor: string | undefined
  // The offset that the client has seen up to. Unknown before the first id: messages on their way
  // to the log are live for a new client, too.
  #next: number | undefined
  #joinedAt = 0
  #failure: unknown
  #leave: () => Promise<void> = async () => {}
  #wake: () => void = () => {}

  constructor(topic: string | undefined, room: string | undefined) {
    this.topic = topic
    this.room = room
  }

  async join(sink: Sink, model: Model): Promise<void> {
    const query = new URLSearchParams()
    if (this.topic !== undefined) query.set('event_type', this.topic)
    if (this.room !== undefined) query.set('room', this.room)
    const headers: Record<string, string> =
      this.#cursor === undefined ? {} : { 'last-event-id': this.#cursor }
    const response = await sink.fetch(new Request(`http://localhost/?${query}`, { headers }))
    const body = response.body?.getReader()
    if (body === undefined) throw new Error('no body')
    this.connected = true
    this.stalled = false
    this.#joinedAt = model.sent.length
    this.#next = this.#cursor === undefined ? undefined : parseOffset(this.#cursor)
    let left = false
    const decoder = new TextDecoder()
    let rest = ''
    const reading = (async () => {
      while (!left) {
        if (this.stalled) await new Promise<void>((resolve) => (this.#wake = resolve))
        if (left) return
        const { done, value } = await body.read()
        if (done) return
        rest += decoder.decode(value, { stream: true })
        const whole = rest.lastIndexOf('\n\n') + 2
        if (whole < 2) continue
        this.#see(rest.slice(0, whole), model)
        rest = rest.slice(whole)
      }
    })().catch((error) => {
      this.#failure = error
    })
    this.#leave = async () => {
      left = true
      this.connected = false
      this.resume()
      await body.cancel()
      await reading
    }
  }

  leave(): Promise<void> {
    return this.#leave()
  }

  resume(): void {
    this.stalled = false
    this.#wake()
  }

  isUpToDate(model: Model): boolean {
    if (this.#failure !== undefined) throw this.#failure
    return this.#next !== undefined && this.#missing(model.sent.length, model).length === 0
  }

  #see(text: string, model: Model): void {
    for (const block of text.split('\n\n').slice(0, -1)) {
      const { events, lastEventId } = referenceParse(Buffer.from(`${block}\n\n`), this.#cursor)
      if (this.#next === undefined && lastEventId !== '') {
        // An event has its own id, an id-only block that of the event before. The client must see
        // what comes after it.
        this.#next = Math.min(parseOffset(lastEventId) - events.length, this.#joinedAt)
      }
      for (const { type, data } of events) {
        if (type === 'lagged') this.#pass(JSON.parse(data).skipped, model)
        else {
          const offset = Number(data.slice(0, data.indexOf(' ')))
          expect(this.#missing(offset, model), 'missed without a notice').toEqual([offset])
          expect(parseOffset(lastEventId)).toBe(offset)
          this.#next = offset
        }
      }
      if (lastEventId !== '') this.#cursor = lastEventId
    }
  }

  /** The offsets up to `offset` that the client has yet to see. */
  #missing(offset: number, model: Model): number[] {
    return model.sent
      .slice(this.#next, offset)
      .filter((sent) => this.topic === undefined || sent.topic === this.topic)
      .filter(({ target }) => target === 'all' || ('room' in target && target.room === this.room))
      .map((sent) => sent.offset)
  }

  #pass(skipped: number, model: Model): void {
    this.#next = this.#missing(model.sent.length, model)[skipped - 1] ?? Number.NaN
  }
}

function parseOffset(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1))
}

type Command = fc.AsyncCommand<Model, Sink>

const publish = (topic: string, target: Target, count: number): Command => ({
  check: () => true,
  async run(model, sink) {
    for (let n = 0; n < count; n++) {
      const offset = model.sent.length + 1
      model.sent.push({ offset, topic, target })
      sink.to(() => target).next({ type: topic, data: `${offset} ${PADDING}` })
    }
  },
  toString: () => `publish ${count} of ${topic} to ${JSON.stringify(target)}`,
})

const waitTurns = (count: number): Command => ({
  check: () => true,
  async run() {
    for (let left = count; left > 0; left--) await turn()
  },
  toString: () => `${count} turns`,
})

const each = (
  name: string,
  index: number,
  can: (c: Client) => boolean,
  act: (c: Client, m: Model, s: Sink) => unknown,
): Command => ({
  check: ({ clients }) => can(pick(clients, index)),
  async run(model, sink) {
    await act(pick(model.clients, index), model, sink)
  },
  toString: () => `${name} ${index}`,
})

const pick = (clients: readonly Client[], index: number): Client => {
  const client = clients[index % clients.length]
  if (client === undefined) throw new Error('the model has no clients')
  return client
}

const index = fc.nat({ max: 5 })
const commands = fc.commands<Model, Sink, false>(
  [
    fc
      .tuple(
        fc.constantFrom('a', 'b'),
        fc.constantFrom<Target>('all', { room: 'r' }, { room: 's' }),
        fc.integer({ min: 1, max: 12 }),
      )
      .map((args) => publish(...args)),
    index.map((i) =>
      each(
        'join',
        i,
        (c) => !c.connected,
        (c, model, sink) => c.join(sink, model),
      ),
    ),
    index.map((i) =>
      each(
        'reconnect',
        i,
        (c) => c.connected,
        async (c, model, sink) => {
          await c.leave()
          await c.join(sink, model)
        },
      ),
    ),
    index.map((i) =>
      each(
        'leave',
        i,
        (c) => c.connected,
        (c) => c.leave(),
      ),
    ),
    index.map((i) =>
      each(
        'stall',
        i,
        (c) => c.connected && !c.stalled,
        (c) => {
          c.stalled = true
        },
      ),
    ),
    index.map((i) =>
      each(
        'resume',
        i,
        (c) => c.connected && c.stalled,
        (c) => c.resume(),
      ),
    ),
    fc.integer({ min: 1, max: 4 }).map(waitTurns),
  ],
  { maxCommands: 60, size: 'max' },
)

const LOGS: [string, (chance: () => number) => EventLog][] = [
  ['in memory', () => memoryLog()],
  ['in another process', createRemoteLog],
  ['shared by nodes', createSharedLog],
]

describe.each(LOGS)('a sink with a log %s', (_name, openLog) => {
  it('sends each client exactly its messages, over joining, leaving, stalling and resuming, and reports what it skips', async () => {
    await fc.assert(
      fc.asyncProperty(
        commands,
        fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
        async (cmds, chances) => {
          const chance = () => chances.next().value as number
          const sink = createSink({
            log: openLog(chance),
            heartbeat: false,
            rooms: { authorize: () => true },
            slowClient: { maxMessages: 5 },
            onRejected: (_message, error) => {
              throw error
            },
          })
          const clients = [
            new Client(undefined, undefined),
            new Client('a', undefined),
            new Client(undefined, 'r'),
            new Client('b', 'r'),
            new Client(undefined, 's'),
            new Client(undefined, undefined),
          ]
          const model: Model = { sent: [], clients }
          await fc.asyncModelRun(() => ({ model, real: sink }), cmds)
          for (const client of clients) client.resume()
          const connected = clients.filter((client) => client.connected)
          for (let turns = 0; !connected.every((client) => client.isUpToDate(model)); turns++) {
            if (turns > 5_000) throw new Error('a client never got all its messages')
            await turn()
          }
          await Promise.all(connected.map((client) => client.leave()))
          expect(sink.stats()).toMatchObject({ connections: 0, behind: 0, gaps: 0, rejected: 0 })
          await sink.close()
        },
      ),
      { numRuns: 300 },
    )
  })
})
