import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'

describe('other content', () => {
  const otherContent = {
    'application/json': (body: string) => [
      { data: body, id: '5' },
      { type: 'end', data: '' },
    ],
  }
  const json = { 'content-type': 'application/json; charset=utf-8' }

  it('is read as events, and the request asks for it', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: json, body: ['{"a":', ' "é"}'] },
      { status: 200, body: ['data: b\n\n'] },
    ])
    const told: string[] = []
    const options = { method: 'POST', otherContent, cursor: { next: (id: string) => told.push(id) } }
    const first = record(server.url, options)
    expect(await first.over()).toBeUndefined()
    expect(first.events).toEqual([
      { type: 'message', data: '{"a": "é"}', lastEventId: '5' },
      { type: 'end', data: '', lastEventId: '5' },
    ])
    expect(told).toEqual(['5'])
    expect(first.statuses).toEqual(['connecting', 'open', 'closed'])
    const second = record(server.url, options)
    expect(await second.over()).toBeUndefined()
    expect(second.data).toEqual(['b'])
    expect(server.requests[0]?.headers.accept).toBe('text/event-stream, application/json')
  })

  it('goes by events, until and the size of an event', async () => {
    const whole = { status: 200, headers: json, body: ['0123456789'] }
    await using server = await createScriptedServer([whole, whole, whole])
    const filtered = record(server.url, { otherContent, reconnect: false, events: ['end'] })
    expect(await filtered.over()).toBeUndefined()
    expect(filtered.events.map(({ type }) => type)).toEqual(['end'])
    const marked = record(server.url, { otherContent, until: ({ lastEventId }) => lastEventId === '5' })
    expect(await marked.over()).toBeUndefined()
    expect(marked.data).toEqual(['0123456789'])
    const large = record(server.url, { otherContent, maxEventSize: 9 })
    expect(await large.over()).toMatchObject({ code: 'event-too-large' })
  })

  it('that is cut, or that cannot be read, is an error', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: json, body: ['{"a":', { sleep: 20 }, 'CUT'] },
      { status: 200, headers: json, body: ['{"a":'] },
      { status: 401, headers: json, body: ['{}'] },
      { status: 200, headers: { 'content-type': 'text/html' }, body: ['<p>'] },
    ])
    const options = {
      method: 'POST',
      otherContent: { 'application/json': (body: string) => [{ data: JSON.parse(body).a }] },
    }
    expect(await record(server.url, options).over()).toMatchObject({ code: 'network' })
    const error = await record(server.url, options).over()
    expect(error).toMatchObject({ code: 'content-type', message: 'otherContent cannot read the body' })
    expect(error?.cause).toBeInstanceOf(SyntaxError)
    expect(await record(server.url, options).over()).toMatchObject({ code: 'http-status', status: 401 })
    expect(await record(server.url, options).over()).toMatchObject({ code: 'content-type', status: 200 })
  })

  it('is told the response, without the query', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: { ...json, 'x-a': '1' }, body: ['{}'] },
    ])
    const responses: unknown[] = []
    const stream = record(`${server.url}mcp?token=secret`, {
      reconnect: false,
      otherContent: {
        'application/json': (_, response) => {
          responses.push(response)
          return []
        },
      },
    })
    expect(await stream.over()).toBeUndefined()
    expect(responses).toMatchObject([{ status: 200, headers: { 'x-a': '1' }, url: `${server.url}mcp` }])
  })

  it('is read by every connection of a stream that polls', async () => {
    await using server = await createScriptedServer(({ index }) =>
      index < 3 ? { status: 200, headers: json, body: [`${index}`] } : undefined,
    )
    const clock = new VirtualClock()
    const stream = record(server.url, {
      otherContent,
      scheduler: clock,
      random: () => 0,
      events: ['message'],
    })
    for (let nth = 1; nth <= 3; nth++) {
      expect((await stream.state('waiting', nth)).delay).toBe(1000)
      clock.advanceBy(1000)
    }
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['0', '1', '2'])
  })
})
