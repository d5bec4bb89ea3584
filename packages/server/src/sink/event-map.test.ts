import { setImmediate as turn } from 'node:timers/promises'
import { from } from 'rxjs'
import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { defineEvents, type MessageOf } from './event-map.ts'
import { createSink } from './sink.ts'

const events = defineEvents({
  price: z.object({ symbol: z.string(), value: z.number() }),
  at: z.coerce.date(),
  slow: z.string().refine(async (text) => text !== 'bad'),
})

describe('a sink with events', () => {
  it('types the messages that it takes', () => {
    const sink = createSink({ events })
    expectTypeOf(sink.publish).parameter(0).toEqualTypeOf<MessageOf<typeof events>>()
    expectTypeOf<Extract<MessageOf<typeof events>, { type: 'price' }>['data']>().toEqualTypeOf<{
      symbol: string
      value: number
    }>()
    expectTypeOf(sink.to)
      .parameter(0)
      .parameter(0)
      .toHaveProperty('type')
      .toEqualTypeOf<keyof typeof events>()
    // @ts-expect-error the map has no such type
    void sink.publish({ type: 'other', data: 1 }).catch(() => {})
    // @ts-expect-error data of another type
    void sink.publish({ type: 'price', data: { symbol: 1 } }).catch(() => {})
  })

  it.each([
    [
      { type: 'other', data: 1 },
      /message\.type is 'other', which is none of the sink's events: price, at, slow/,
    ],
    [{ type: 'constructor', data: 1 }, /none of the sink's events/],
    [{ data: 1 }, /message\.type is 'message'/],
    [
      { type: 'price', data: { symbol: 'A', value: '1' } },
      /message\.data does not fit the schema of 'price': value: /,
    ],
    [{ type: 'slow', data: 'bad' }, /message\.data does not fit the schema of 'slow'/],
  ])('refuses %j', async (message, text) => {
    const sink = createSink({ events })
    await expect(sink.publish(message as never)).rejects.toThrow(text)
  })

  it('sends messages unchanged and in order, even if some checks take longer', async () => {
    const rejected: unknown[] = []
    const sink = createSink({ events, onRejected: ({ data }) => rejected.push(data) })
    onTestFinished(() => sink.close({ drain: 0 }))
    const reader = await openReader(await serve(sink.handler))
    from([
      { type: 'slow', data: 'a' },
      { type: 'at', data: '2026-11-21' },
      { type: 'slow', data: 'bad' },
      { type: 'price', data: { symbol: 'A', value: 1 } },
    ] as const).subscribe(sink)
    await sink.publish({ type: 'slow', data: 'last' })
    expect((await reader.take(4)).map(({ data }) => data)).toEqual([
      'a',
      '2026-11-21',
      '{"symbol":"A","value":1}',
      'last',
    ])
    expect(rejected).toEqual(['bad'])
  })
})

it('a schema of zod that is asynchronous for some values only leaves no rejection unhandled', async () => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  onTestFinished(() => void process.off('unhandledRejection', unhandled))
  const broken = async () => {
    await turn()
    throw new Error('no database')
  }
  const sink = createSink({ events: { message: z.union([z.string(), z.number().refine(broken)]) } })
  for (let round = 0; round < 2; round++) {
    await sink.publish({ type: 'message', data: 'a' })
    await expect(sink.publish({ type: 'message', data: 1 })).rejects.toThrow('no database')
  }
  await turn()
  expect(unhandled).not.toHaveBeenCalled()
})

it('a type without a schema is refused at construction', () => {
  expect(() => createSink({ events: { price: {} as never } })).toThrow(
    /createSink: events\.price must be a Standard Schema/,
  )
})

describe('connections$', () => {
  it('emits when a connection opens or closes', async () => {
    const sink = createSink({ identify: () => '42' })
    const seen: unknown[] = []
    sink.connections$.subscribe({
      next: (change) => seen.push(change),
      complete: () => seen.push('complete'),
    })
    const reader = await openReader(await serve(sink.handler))
    await reader.until(({ text }) => text() !== '')
    await sink.close()
    expect(seen).toEqual([
      { type: 'opened', user: '42', rooms: [] },
      { type: 'closed', user: '42', rooms: [] },
      'complete',
    ])
  })

  it.each([
    ['without a log', {}, undefined],
    ['with a log', { log: memoryLog() }, undefined],
    ['resuming', { log: memoryLog() }, 'an id from long ago'],
  ])('emits once the client receives published messages: %s', async (_name, options, lastEventId) => {
    const sink = createSink({ identify: () => '42', ...options })
    sink.connections$.subscribe(({ type, user }) => {
      if (type === 'opened' && user !== undefined) sink.user(user).next({ type: 'welcome', data: 'you' })
    })
    const url = await serve(sink.handler)
    const reader = await openReader(
      lastEventId === undefined ? url : `${url}?lastEventId=${encodeURIComponent(lastEventId)}`,
    )
    await reader.until(({ text }) => text().includes('welcome'))
    await sink.close()
  })
})
