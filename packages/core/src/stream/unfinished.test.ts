import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { transports } from '../../test/transports.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe.each(transports)('an unfinished event at the end, over %s,', (_, transport) => {
  for (const end of [
    'data: half',
    'data: half\n',
    'event: x\r',
    'id: 7\n',
    'da',
    'event: x\ndata: {"a":1}\n',
  ]) {
    it(`${JSON.stringify(end)} makes a single response incomplete`, async () => {
      await using server = await createScriptedServer([{ status: 200, body: [`id: 1\ndata: a\n\n${end}`] }])
      const stream = record(server.url, { transport, method: 'POST' })
      expect(await stream.over()).toMatchObject({
        code: 'incomplete',
        message: 'the response ended inside an event',
      })
      expect(stream.data).toEqual(['a'])
    })
  }

  for (const end of [
    '',
    '\n',
    ':',
    ': a comment',
    ': a\n',
    'retry: 10\n',
    'retry: 10',
    '\r\n',
    'unknown: 1\n',
    '{"a": 1}',
  ]) {
    it(`is not ${JSON.stringify(end)}`, async () => {
      await using server = await createScriptedServer([{ status: 200, body: [`data: a\n\n${end}`] }])
      const stream = record(server.url, { transport, method: 'POST' })
      expect(await stream.over()).toBeUndefined()
    })
  }

  it('is delivered if deliverUnfinished asks for it, and not if the connection is cut', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\nid: 2\ndata: b'] },
      { status: 200, body: ['data: a\n\nid: 2\ndata: b', { sleep: 20 }, 'CUT'] },
    ])
    const whole = record(server.url, { transport, reconnect: false, deliverUnfinished: true })
    expect(await whole.over()).toBeUndefined()
    expect(whole.events.map(({ data, lastEventId }) => [data, lastEventId])).toEqual([
      ['a', ''],
      ['b', '2'],
    ])
    const cut = record(server.url, { transport, reconnect: false, deliverUnfinished: true })
    expect(await cut.over()).toMatchObject({ code: 'network' })
    expect(cut.data).toEqual(['a'])
  })

  it('is dropped with its ID by a stream that reconnects', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\nid: 2\ndata: b\n'] },
      { status: 200, body: ['id: 2\ndata: b\n\n', 'HOLD'] },
    ])
    const stream = record(server.url, { transport, reconnect: soon })
    await stream.received(2)
    expect(stream.data).toEqual(['a', 'b'])
    expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual(['', '1'])
    stream.subscription.unsubscribe()
  })
})
