import { fromEventSource, type SseEvent as ReadEvent } from '@rxsse/core'
import type { SseEvent, SseMessage } from '@rxsse/shared'
import { map } from 'rxjs'
import { expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from './sink.ts'

it('an event is the same here and in @rxsse/core', () => {
  expectTypeOf<SseEvent>().toEqualTypeOf<ReadEvent>()
  expectTypeOf<ReadEvent>().toExtend<SseMessage>()
})

it('relays the events of another sink once, with ids of its own', async () => {
  const first = createSink({ log: memoryLog() })
  const second = createSink({ log: memoryLog(), sourceId: ({ id }) => id })
  onTestFinished(() => first.close({ drain: 0 }))
  onTestFinished(() => second.close({ drain: 0 }))
  const upstream = await serve(first.handler)
  const { id: start = '' } = await first.publish({ type: 'price', data: { n: 0 } })
  // Two nodes run the same pipeline. The log keeps each event once, by its source id.
  const readers = [1, 2].map(() =>
    fromEventSource(upstream, { lastEventId: start })
      .pipe(map(({ type, data, lastEventId }) => ({ type, data, id: lastEventId })))
      .subscribe(second),
  )
  onTestFinished(() => {
    for (const reader of readers) reader.unsubscribe()
  })
  const downstream = await openReader(await serve(second.handler))
  await expect.poll(() => first.stats().connections).toBe(2)
  for (let n = 1; n <= 3; n++) await first.publish({ type: 'price', data: { n } })
  await expect.poll(() => second.stats().published).toBe(6)
  await second.publish({ type: 'end', data: '' })
  const events = await downstream.take(4)
  expect(events.map(({ type, data }) => type + data)).toEqual([
    'price{"n":1}',
    'price{"n":2}',
    'price{"n":3}',
    'end',
  ])
})

it('match and the filter parameter test the topic of the option `topic`', async () => {
  const sink = createSink<{ data: { source: string } }>({
    topic: ({ data }) => data.source,
    match: 'github.*',
  })
  onTestFinished(() => sink.close({ drain: 0 }))
  const url = await serve(sink.handler)
  const reader = await openReader(`${url}/?event_type=github.push`)
  for (const source of ['gmail.new', 'github.issue', 'github.push']) await sink.publish({ data: { source } })
  expect(await reader.take(1)).toMatchObject([{ type: 'message', data: '{"source":"github.push"}' }])
  expect(sink.stats()).toMatchObject({ published: 2, filtered: 1 })
})
