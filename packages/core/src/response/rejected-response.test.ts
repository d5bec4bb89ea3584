import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { EventSourceError } from '../index.ts'

describe('a response that is not an event stream', () => {
  it('is reported with the first KiB of its body', async () => {
    await using server = await createScriptedServer([
      { status: 403, headers: { 'content-type': 'text/plain' }, body: ['é'.repeat(2000), 'HOLD'] },
    ])
    const error = await record(server.url).over()
    expect(error).toBeInstanceOf(EventSourceError)
    expect(error).toMatchObject({
      code: 'http-status',
      status: 403,
      attempt: 1,
      message: 'the server answered 403',
    })
    expect(error?.body).toBe('é'.repeat(512))
    expect(await server.closed(0)).toBe('client')
  })

  it('is reported after a second if its body does not arrive', async () => {
    await using server = await createScriptedServer([{ status: 403, body: ['part', 'HOLD'] }])
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock })
    await expect.poll(() => clock.timers).toBe(1)
    await expect
      .poll(() => {
        clock.advanceBy(1000)
        return stream.error
      })
      .toMatchObject({ status: 403 })
    expect(await server.closed(0)).toBe('client')
  })

  it('is reported with its content type', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-type': 'text/html' }, body: ['<p>'] },
    ])
    expect(await record(server.url).over()).toMatchObject({
      code: 'content-type',
      status: 200,
      message: "the content type is 'text/html', not text/event-stream",
      body: '<p>',
    })
  })

  for (const [field, ok] of [
    ['text/event-stream; a="b,c"', true],
    ['text/event-stream; a="b, text/html', true],
    ['text/event-stream;a="\\",text/html', true],
    ['text/html, Text/Event-Stream', true],
    ['text/event-stream, bogus', true],
    ['text/event-stream,', true],
    ['text/event-stream, */*', true],
    ['text/event-stream, text;html', true],
    ['text/event-stream, text; a=b/c', true],
    ['text/event-stream, text/html', false],
    ['text/event-stream, text/html;', false],
    ['text/event-stream x', false],
    ['text/event-stream x, text /event-stream', false],
    ['"text/event-stream"', false],
    ['', false],
  ] as const) {
    it(`is ${ok ? 'not ' : ''}one with the content type ${field || 'of no value'}, as fetch extracts it`, async () => {
      await using server = await createScriptedServer([
        { status: 200, headers: { 'content-type': field }, body: ['data: a\n\n'] },
      ])
      const stream = record(server.url, { reconnect: false })
      expect((await stream.over())?.code).toBe(ok ? undefined : 'content-type')
      expect(stream.data).toEqual(ok ? ['a'] : [])
    })
  }

  for (const [name, headers, delay] of [
    ['seconds', { 'retry-after': '7' }, 7000],
    ['seconds with white space around', { 'retry-after': ' 7 ' }, 7000],
    ['a fraction of seconds', { 'retry-after': '1.5' }, 1500],
    ['two fields', { 'retry-after': '7, 5' }, 7000],
    [
      'a date, by the clock of the server',
      { 'retry-after': 'Sat, 21 Nov 2026 10:00:09 GMT', date: 'Sat, 21 Nov 2026 10:00:00 GMT' },
      9000,
    ],
    [
      'a date that has passed',
      { 'retry-after': 'Sat, 21 Nov 2026 10:00:00 GMT', date: 'Sat, 21 Nov 2026 10:00:09 GMT' },
      1000,
    ],
    ['nonsense', { 'retry-after': 'soon' }, 1000],
    ['a century', { 'retry-after': '3153600000' }, 3_600_000],
  ] as const) {
    it(`with a Retry-After of ${name} is retried after ${delay} ms`, async () => {
      await using server = await createScriptedServer([{ status: 503, headers, body: [] }])
      const clock = new VirtualClock()
      const stream = record(server.url, { scheduler: clock, reconnect: { jitter: 0 } })
      expect((await stream.state('waiting')).delay).toBe(delay)
      stream.subscription.unsubscribe()
    })
  }
})
