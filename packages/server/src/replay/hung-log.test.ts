import { setImmediate as endOfTick } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createRemoteLog } from '../../test/slow-logs.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

const never = () => new Promise<never>(() => {})

async function serveLog(log: EventLog, options: SinkOptions = {}) {
  const errors: unknown[] = []
  const scheduler = new ManualScheduler()
  const onError = (error: unknown) => errors.push(error)
  const sink = createSink({ ...options, log, scheduler, heartbeat: false, onError })
  for (let turn = 0; turn < 50; turn++) await endOfTick()
  return { sink, scheduler, errors, url: await serve(sink.handler) }
}

describe('a log that does not answer', () => {
  it.each<[string, SinkOptions, 'since' | 'head', Record<string, string>]>([
    ['since, to clients that resume', {}, 'since', { 'last-event-id': 'x-1' }],
    ['since, to newcomers', { newcomers: 'earliest' }, 'since', {}],
    ['head, to newcomers', { newcomers: { last: 5 } }, 'head', {}],
  ])(
    '%s cuts them after 30 seconds, and has room for others then',
    async (_name, options, method, headers) => {
      const memory = memoryLog()
      const log = createRemoteLog(() => 0, memory)
      const { sink, scheduler, errors, url } = await serveLog(log, options)
      onTestFinished(() => sink.close())
      await sink.publish({ data: 1 })
      const answer = log[method].bind(log)
      Object.assign(log, { [method]: never })
      // More than the reads that may run at once.
      const readers = await Promise.all(Array.from({ length: 20 }, () => openReader(url, { headers })))
      for (const reader of readers.slice(0, 10)) reader.close()
      await expect.poll(() => sink.stats().connections).toBe(10)
      Object.assign(log, { [method]: answer })
      const late = await openReader(url, { headers })
      for (let turn = 0; turn < 20; turn++) await endOfTick()
      expect(late.events()).toEqual([])
      scheduler.advance(30_000)
      await expect.poll(() => late.events().length).toBeGreaterThan(0)
      for (const reader of readers.slice(10, 16)) expect(await reader.ended).toBe('cut')
      expect(errors.length).toBeGreaterThan(0)
      for (const error of errors) expect(error).toMatchObject({ name: 'SinkError', code: 'log' })
      const { data: last } = late.events().at(-1) ?? {}
      expect(last).toBe('1')
    },
  )
})

describe('close() of a sink', () => {
  const schema = { '~standard': { version: 1, vendor: 'test', validate: never } } as const

  it.each<[string, Partial<EventLog>, SinkOptions, RegExp]>([
    ['append', { append: never }, {}, /has not taken every message/],
    ['close', { close: never }, {}, /has not closed/],
    ['validate of its schema', {}, { events: { message: schema } as never }, /whose check has not answered/],
  ])('does not wait for ever for %s', async (_name, wrong, options, message) => {
    const log = { ...createRemoteLog(() => 0), ...wrong }
    const { sink, scheduler, errors, url } = await serveLog(log, options)
    const reader = await openReader(url)
    const published = sink.publish({ data: 1 })
    let closed = false
    const closing = sink.close().then(() => {
      closed = true
    })
    for (let turn = 0; turn < 20; turn++) await endOfTick()
    expect(closed).toBe(false)
    scheduler.advance(10_000)
    await expect.poll(() => errors).toMatchObject([{ message: expect.stringMatching(message) }])
    scheduler.advance(10_000)
    await closing
    expect(await reader.ended).toBe('end')
    published.catch(() => {})
  })

  it('rejects if its log cannot be closed, after everything else', async () => {
    const broken = new Error('broken')
    const tail: EventLog['tail'] = (listener) => ({
      ...(memoryLog().tail?.(listener) as object),
      position: { id: 'x-0', offset: 0 },
      stop() {
        throw broken
      },
    })
    const log = { ...memoryLog(), tail, close: () => Promise.reject(broken) }
    const { sink, errors, url } = await serveLog(log)
    const completed: string[] = []
    sink.connections$.subscribe({ complete: () => completed.push('connections') })
    sink.deliveries$.subscribe({ complete: () => completed.push('deliveries') })
    const reader = await openReader(url)
    await expect(sink.close()).rejects.toBe(broken)
    expect(await reader.ended).toBe('end')
    expect(completed).toEqual(['connections', 'deliveries'])
    expect(errors).toEqual([broken])
  })
})
