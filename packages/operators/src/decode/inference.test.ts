import type { MessageEvent as NestMessageEvent } from '@nestjs/common'
import { createSink, type MessageOf } from '@rxsse/server'
import { map, type Observable, of } from 'rxjs'
import { expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { route } from '../flow/route.ts'
import type { Aggregates, SseEvent, SseMessage } from '../index.ts'
import { lag } from '../keyed/lag.ts'
import { countWindow } from '../window/count-window.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { data } from './data.ts'
import { decodeByType } from './decode-by-type.ts'
import { defineEvents } from './define-events.ts'
import { toMessage } from './to-message.ts'

const Price = z.object({ symbol: z.string(), price: z.number() })
const events = defineEvents({ price: Price, note: z.string() })
const price = { symbol: 'A', price: 1 }

it('toMessage fits a sink with typed events, and no sink whose events are others', async () => {
  const sink = createSink({ events: { price: Price } })
  const prices = of(price).pipe(toMessage({ type: 'price' }))
  expectTypeOf(prices).toEqualTypeOf<
    Observable<{ readonly type: 'price'; readonly data: typeof price; readonly id?: string }>
  >()
  prices.subscribe(sink)
  expectTypeOf(prices).toExtend<Observable<MessageOf<typeof events>>>()
  const unknown = of(price).pipe(toMessage({ type: 'prices' }))
  // @ts-expect-error the sink has no such event
  unknown.subscribe(sink)
  const misfit = of(price).pipe(toMessage({ type: 'price', data: (p) => p.price }))
  // @ts-expect-error the data does not fit the event
  misfit.subscribe(sink)
  await sink.close()
})

it('toMessage fits the MessageEvent of NestJS, and any sink', () => {
  const typed = of(price).pipe(toMessage({ type: 'price', id: (p) => p.symbol }))
  expectTypeOf(typed).toExtend<Observable<NestMessageEvent>>()
  expectTypeOf(typed).toExtend<Observable<SseMessage>>()
  const plain = of(price).pipe(toMessage())
  expectTypeOf(plain).toEqualTypeOf<Observable<{ readonly data: typeof price; readonly id?: string }>>()
  expectTypeOf(plain).toExtend<Observable<NestMessageEvent>>()
  // @ts-expect-error NestJS has text and objects as data, no numbers
  expectTypeOf(of(1).pipe(toMessage())).toExtend<Observable<NestMessageEvent>>()
  const chosen = of(1, 2).pipe(toMessage({ type: (n) => (n > 1 ? 'many' : undefined), data: (n) => ({ n }) }))
  expectTypeOf(chosen).toEqualTypeOf<
    Observable<{ readonly type?: 'many'; readonly data: { n: number }; readonly id?: string }>
  >()
  const seen: SseMessage[] = []
  chosen.subscribe((message) => seen.push(message))
  expect(seen).toEqual([{ data: { n: 1 } }, { type: 'many', data: { n: 2 } }])
})

it('decodeByType, route, lag and windowAggregate infer events, branches, keys and results', () => {
  const source = of<SseEvent>({ type: 'price', data: JSON.stringify(price), lastEventId: '' })
  const seen: unknown[] = []
  source
    .pipe(
      decodeByType(events),
      route({
        price: (prices) =>
          prices.pipe(
            data(),
            lag({ key: (p) => p.symbol }, (now, before) => {
              expectTypeOf(now).toEqualTypeOf<{ symbol: string; price: number }>()
              return { time: 0, symbol: now.symbol, change: now.price - (before?.price ?? 0) }
            }),
            windowAggregate(tumbling('1m'), {
              timestamp: (change) => change.time,
              key: (change) => [change.symbol, change.change > 0],
              aggregates: (a) => ({ n: a.count(), last: a.last((change) => change.change) }),
            }),
          ),
        note: (notes) =>
          notes.pipe(
            map((note) => {
              expectTypeOf(note.data).toEqualTypeOf<string>()
              return note.data.length
            }),
          ),
      }),
    )
    .subscribe((result) => {
      if (typeof result === 'number') return
      expectTypeOf(result.key).toEqualTypeOf<readonly [string, boolean]>()
      expectTypeOf(result.value.n).toEqualTypeOf<number>()
      expectTypeOf(result.value.last).toEqualTypeOf<number>()
      seen.push([result.key, { ...result.value }])
    })
  expect(seen).toEqual([[['A', true], { n: 1, last: 1 }]])
})

it('keeps the names of a key, alone and in a tuple', () => {
  interface Trade {
    readonly at: number
    readonly symbol: string
    readonly side?: 'buy' | 'sell'
  }
  const trades$ = of<Trade[]>({ at: 1, symbol: 'A' })
  const seen: unknown[] = []
  const windows = { timestamp: (t: Trade) => t.at, aggregates: (a: Aggregates<Trade>) => ({ n: a.count() }) }
  trades$
    .pipe(windowAggregate(tumbling('1m'), { ...windows, key: (t) => [t.symbol, t.side ?? 'none'] }))
    .subscribe(({ key }) => {
      expectTypeOf(key).toEqualTypeOf<readonly [string, 'buy' | 'sell' | 'none']>()
      seen.push(key)
    })
  trades$
    .pipe(slidingWindow({ ...windows, size: '1m', key: (t) => t.side ?? 'none' }))
    .subscribe(({ key }) => {
      expectTypeOf(key).toEqualTypeOf<'buy' | 'sell' | 'none'>()
      seen.push(key)
    })
  trades$
    .pipe(countWindow({ aggregates: windows.aggregates, size: 2, key: (t) => [t.side ?? 'none'] }))
    .subscribe(({ key }) => {
      expectTypeOf(key).toEqualTypeOf<readonly ['buy' | 'sell' | 'none']>()
      seen.push(key)
    })
  expect(seen).toEqual([['A', 'none'], 'none', ['none']])
})
