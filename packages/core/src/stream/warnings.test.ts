import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import type { Warning } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('a warning', () => {
  const warningsOf = () => {
    const told: Warning[] = []
    return { told, warnings: { next: (warning: Warning) => told.push(warning) } }
  }

  for (const id of ['x'.repeat(60_000), 'a\u0001b', '…'.repeat(2700)]) {
    it(`tells once that an ID of ${id.length} characters is not sent, and the stream goes on without it`, async () => {
      await using server = await createScriptedServer(({ index }) => ({
        status: 200,
        body: [index < 3 ? `id: ${id}\ndata: a\n\n` : 'id: 2\ndata: a\n\n', index < 4 ? 'END' : 'HOLD'],
      }))
      const { told, warnings } = warningsOf()
      const stream = record(server.url, { warnings, reconnect: soon })
      await stream.received(5)
      stream.subscription.unsubscribe()
      expect(told.map(({ code }) => code)).toEqual(['id-not-sent'])
      expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual(['', '', '', '', '2'])
      expect(stream.states.filter((state) => state.status === 'connecting')[1]?.lastEventId).toBe('')
    })
  }

  it('tells of an ID that a query cannot carry', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: [`id: ${'x'.repeat(60_000)}\ndata: a\n\n`] },
      { status: 200, body: ['HOLD'] },
    ])
    const { told, warnings } = warningsOf()
    const stream = record(server.url, { warnings, lastEventIdIn: { query: 'after' }, reconnect: soon })
    await stream.state('open', 2)
    stream.subscription.unsubscribe()
    expect(told.map(({ code }) => code)).toEqual(['id-not-sent'])
    expect(server.requests[1]?.path).toBe('/')
  })

  it('sends an ID of 8000 bytes', async () => {
    const id = '…'.repeat(2666)
    await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
    const { told, warnings } = warningsOf()
    const stream = record(server.url, { warnings, lastEventId: id })
    expect((await server.request(0)).lastEventId).toBe(id)
    stream.subscription.unsubscribe()
    expect(told).toEqual([])
  })

  for (const body of [
    '{"a": 1, "b": 2}',
    '<!doctype html><p>',
    '[1, 2, 3]\n',
    'error: no\n\n',
    'Not found',
  ]) {
    it(`tells once that ${JSON.stringify(body)} is no event stream`, async () => {
      await using server = await createScriptedServer([
        { status: 200, body: [body] },
        { status: 200, body: [body] },
        { status: 200, body: ['data: a\n\n', 'HOLD'] },
      ])
      const { told, warnings } = warningsOf()
      const stream = record(server.url, { warnings, reconnect: soon })
      await stream.received(1)
      stream.subscription.unsubscribe()
      expect(told.map(({ code }) => code)).toEqual(['no-events'])
      expect(stream.data).toEqual(['a'])
    })
  }

  it('is not told of a stream that begins with a byte order mark, a comment, an empty line or any field', async () => {
    const starts = ['\ufeffdata: b', ': hello', '\n\ndata: c', 'retry: 10', 'id: 1', 'event: x', 'data']
    await using server = await createScriptedServer(({ index }) => ({
      status: 200,
      body: [`${starts[index]}\n\ndata: a\n\n`],
    }))
    const { told, warnings } = warningsOf()
    for (const _ of starts) await record(server.url, { warnings, reconnect: false }).over()
    expect(told).toEqual([])
  })

  it('tells of a retry that is no number, and of each gap', async () => {
    await using server = await createScriptedServer([
      {
        status: 200,
        body: ['retry: soon\n\nretry: 1s\n\nevent: gap\ndata: {}\n\nevent: gap\ndata: {}\n\n', 'HOLD'],
      },
    ])
    const { told, warnings } = warningsOf()
    const stream = record(server.url, { warnings })
    await stream.received(2)
    stream.subscription.unsubscribe()
    expect(told.map(({ code }) => code)).toEqual(['bad-retry', 'gap', 'gap'])
  })
})
