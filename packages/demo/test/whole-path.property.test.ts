import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ConnectionState, fromEventSource, type SseEvent as Received } from '@rxsse/core'
import {
  data,
  decode,
  type SseMessage as Made,
  type SseEvent as Operated,
  toMessage,
  tumbling,
  windowAggregate,
} from '@rxsse/operators'
import { createSink, memoryLog, type SseMessage as Sent } from '@rxsse/server'
import { createResumingFeed, disconnectSchedule } from '@rxsse/testing'
import fc from 'fast-check'
import { filter, firstValueFrom, Subject, takeWhile, toArray } from 'rxjs'
import { expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

const reconnect = { initialDelay: 0, minDelay: '1ms', maxDelay: '5ms', resetAfter: 0 } as const

it('the packages agree on the types of events and messages', () => {
  expectTypeOf<Received>().toEqualTypeOf<Operated>()
  expectTypeOf<Sent>().toEqualTypeOf<Made>()
  expectTypeOf<MessageEvent<string>>().toExtend<Received>()
})

it('counts every event once from an unreliable feed through a pipeline, a sink and a second connection', async () => {
  const Tick = z.object({ time: z.number(), key: z.string() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ step: fc.integer({ min: 0, max: 7 }), key: fc.constantFrom('a', 'b') }), {
        minLength: 1,
        maxLength: 40,
        size: 'max',
      }),
      disconnectSchedule({ by: ['END', 'FIN', 'RST'] }),
      async (steps, disconnects) => {
        let time = 0
        const ticks = steps.map(({ step, key }) => {
          time += step
          return { time, key }
        })
        const messages = ticks.map((tick, index) => ({ id: String(index + 1), data: JSON.stringify(tick) }))
        await using feed = await createResumingFeed({ messages, disconnects })
        const sink = createSink({ log: memoryLog({ capacity: 100 }), heartbeat: false, onComplete: 'close' })
        const server = createServer(sink.handler).listen(0, '127.0.0.1')
        await once(server, 'listening')
        try {
          const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
          const opened = new Subject<ConnectionState>()
          const open = firstValueFrom(opened.pipe(filter(({ status }) => status === 'open')))
          const received = firstValueFrom(
            fromEventSource(endpoint, {
              reconnect,
              state: opened,
            }).pipe(
              takeWhile(({ type }) => type !== 'end'),
              decode(z.object({ key: z.string(), start: z.number(), count: z.number() })),
              data(),
              toArray(),
            ),
          )
          await open
          const counted = fromEventSource(feed.url, { reconnect }).pipe(
            decode(Tick),
            data(),
            windowAggregate(tumbling(10), {
              timestamp: (tick) => tick.time,
              key: (tick) => tick.key,
              aggregates: (a) => ({ count: a.count() }),
            }),
            toMessage({ data: ({ key, window, value }) => ({ key, start: window.start, ...value }) }),
          )
          counted.subscribe({
            next: (message) => sink.next(message),
            error: (error) => sink.error(error),
            complete: () => sink.next({ type: 'end', data: '' }),
          })

          const byHand = new Map<string, number>()
          for (const tick of ticks) {
            const cell = `${tick.key} ${Math.floor(tick.time / 10) * 10}`
            byHand.set(cell, (byHand.get(cell) ?? 0) + 1)
          }
          expect(
            new Map((await received).map(({ key, start, count }) => [`${key} ${start}`, count])),
          ).toEqual(byHand)
        } finally {
          await sink.close({ drain: 0 })
          server.close()
          server.closeAllConnections()
        }
      },
    ),
    { numRuns: 60 },
  )
})
