import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SseEvent } from '@rxsse/shared'
import { firstValueFrom, lastValueFrom, retry, take, toArray } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { copies, openInWorker } from '../../test/cluster-channel.ts'
import { createTestSink } from '../../test/serve.ts'
import { createSharedLog } from '../../test/slow-logs.ts'
import { createTailedLog } from '../../test/tailed-log.ts'
import type { EventLog, LogEntry } from './event-log.ts'
import { fromLog } from './from-log.ts'
import { memoryLog } from './memory-log.ts'
import { sqliteLog } from './sqlite-log.ts'

const LOGS: readonly (readonly [string, (capacity?: number) => EventLog])[] = [
  ['memoryLog', (capacity = 10_000) => memoryLog({ capacity })],
  [
    'sqliteLog',
    (capacity = 10_000) => {
      const folder = mkdtempSync(join(tmpdir(), 'rxsse-from-log-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const log = sqliteLog({ path: join(folder, 'events.db'), capacity })
      onTestFinished(() => log.close())
      return log
    },
  ],
  ['a log of several servers', () => createSharedLog(() => 0.3)],
  ['clusterLog in a worker', (capacity = 10_000) => openInWorker(memoryLog({ capacity }), copies.json)],
]

const message = (data: string) => ({ data, topic: 'message' })

describe.each(LOGS)('fromLog with %s', (_name, open) => {
  it('emits everything from the earliest entry, then what comes, once and in order', async () => {
    const log = open()
    for (let n = 1; n <= 600; n++) await log.append(message(`${n}`), 'all')
    const all = lastValueFrom(fromLog(log, { from: 'earliest' }).pipe(take(900), toArray()))
    for (let n = 601; n <= 900; n++) await log.append(message(`${n}`), { room: 'r' })
    expect((await all).map(({ data }) => Number(data))).toEqual(Array.from({ length: 900 }, (_e, n) => n + 1))
  })

  it('emits what follows an id, as an event with the id and text', async () => {
    const log = open()
    const { id } = await log.append(message('1'), 'all')
    const two = await log.append({ ...message('{"v":2}'), type: 'price' }, { user: 'u' })
    expect(await firstValueFrom(fromLog(log, { from: id }))).toEqual({
      type: 'price',
      data: '{"v":2}',
      lastEventId: two.id,
    })
  })

  it('emits only what comes from now on by default', async () => {
    const log = open()
    await log.append(message('old'), 'all')
    const next = firstValueFrom(fromLog(log))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await log.append(message('new'), 'all')
    expect((await next).data).toBe('new')
  })

  it('completes at the end without `follow`', async () => {
    const log = open()
    for (const data of ['1', '2']) await log.append(message(data), 'all')
    const read = (from?: string) =>
      lastValueFrom(fromLog(log, { follow: false, ...(from && { from }) }).pipe(toArray()))
    expect((await read('earliest')).map(({ data }) => data)).toEqual(['1', '2'])
    expect(await read()).toEqual([])
  })

  it('emits a gap for an id that is not of the log', async () => {
    const log = open()
    await log.append(message('1'), 'all')
    const events = await lastValueFrom(fromLog(log, { from: 'other-1', follow: false }).pipe(toArray()))
    expect(events.map(({ type }) => type)).toEqual(['gap', 'message'])
    expect(JSON.parse(events[0]?.data ?? '')).toMatchObject({ from: 'other-1', reason: 'epoch' })
  })
})

describe.each(LOGS.filter(([name]) => name !== 'a log of several servers'))(
  'fromLog with %s',
  (_name, open) => {
    it('errors when the log is closed, with everything that came before', async () => {
      const log = open()
      for (let n = 1; n <= 600; n++) await log.append(message(`${n}`), 'all')
      const seen: string[] = []
      const ended = new Promise<unknown>((resolve) => {
        fromLog(log, { from: 'earliest' }).subscribe({ next: ({ data }) => seen.push(data), error: resolve })
      })
      await expect.poll(() => seen.length).toBe(600)
      await log.append(message('601'), 'all')
      await expect.poll(() => seen.at(-1)).toBe('601')
      await log.close()
      expect(String(await ended)).toMatch(/the log is closed/)
    })

    it('errors when the log is closed while the tail begins or pages are read, and not once it is unsubscribed', async () => {
      for (const turns of [0, 1, 2, 3, 5, 8]) {
        const log = open()
        for (let n = 1; n <= 600; n++) await log.append(message(`${n}`), 'all')
        const ended: unknown[] = []
        const follow = () =>
          fromLog(log, { from: 'earliest' }).subscribe({ error: (error) => ended.push(error) })
        follow()
        const left = follow()
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
        left.unsubscribe()
        await log.close()
        await expect.poll(() => ended.map(String)).toEqual([expect.stringMatching(/closed|not open/)])
      }
    })
  },
)

describe('fromLog', () => {
  it('says nothing of entries that the log has deleted to who asks for the earliest', async () => {
    const log = memoryLog({ capacity: 2 })
    for (const data of ['1', '2', '3']) await log.append(message(data), 'all')
    const events = await lastValueFrom(fromLog(log, { from: 'earliest', follow: false }).pipe(toArray()))
    expect(events.map(({ data }) => data)).toEqual(['2', '3'])
  })

  it('leaves malformed entries out, and the orders of servers', async () => {
    const errors: unknown[] = []
    const log = memoryLog()
    const sink = createTestSink({ log, onError: () => {} })
    const events: SseEvent[] = []
    const subscription = fromLog(log, { from: 'earliest', onError: (e) => errors.push(e) }).subscribe(
      (event) => events.push(event),
    )
    onTestFinished(() => subscription.unsubscribe())
    await sink.publish({ data: 1 })
    await log.append({ ...message('bad'), type: 'a\nb' }, 'all')
    await sink.disconnect('all')
    await sink.publish({ data: 2 })
    await expect.poll(() => events.map(({ data }) => data)).toEqual(['1', '2'])
    expect(errors).toMatchObject([{ name: 'LogEntryError' }])
  })

  it('emits the gaps of a tail in order, and stops the tail when it is unsubscribed from', async () => {
    const log = createTailedLog()
    log.start()
    const events: SseEvent[] = []
    const subscription = fromLog(log).subscribe((event) => events.push(event))
    await log.append(message('1'), 'all')
    await new Promise((resolve) => setTimeout(resolve, 20))
    await log.append(message('2'), 'all')
    await log.deliver()
    await log.lose({ reason: 'epoch', from: 'x', to: await log.head() })
    await log.append(message('3'), 'all')
    await log.deliver()
    expect(events.map(({ type, data }) => (type === 'gap' ? type : data))).toEqual(['2', 'gap', '3'])
    subscription.unsubscribe()
    await log.append(message('4'), 'all')
    await log.deliver()
    expect(events.length).toBe(3)
  })

  it.each([1_000, 300])(
    'emits what comes in the turn in which the tail begins, however much (capacity %i)',
    async (capacity) => {
      const base = memoryLog({ capacity })
      const log: EventLog = {
        ...base,
        // As a worker of clusterLog: one message of the channel has the answer, and what follows it.
        async tail(listener) {
          const entries = Array.from({ length: 400 }, (_e, n) => base.append(message(`${n}`), 'all'))
          listener((await Promise.all(entries)) as LogEntry[])
          return { position: { id: 'origin-0', offset: 0 }, stop() {} }
        },
      }
      const seen = await lastValueFrom(fromLog(log).pipe(take(Math.min(400, capacity + 1)), toArray()))
      const first = 400 - capacity
      if (first > 0) expect(seen.shift()).toMatchObject({ type: 'gap' })
      expect(seen.map(({ data }) => Number(data))).toEqual(
        Array.from({ length: seen.length }, (_e, n) => n + Math.max(0, first)),
      )
    },
  )

  it('errors if the log cannot be read', async () => {
    const since = (): never => {
      throw new Error('broken')
    }
    await expect(firstValueFrom(fromLog({ ...memoryLog(), since }, { from: 'earliest' }))).rejects.toThrow(
      'broken',
    )
  })

  it('refuses to follow a log without a tail, and a position that is no text', () => {
    const { tail: _tail, ...log } = memoryLog()
    expect(() => fromLog(log)).toThrow(/follow must be false/)
    expect(() => fromLog(memoryLog(), { from: 5 as never })).toThrow(/^fromLog: from must be an id/)
  })
})

it('who follows a memoryLog again after it was closed gets what another sink appends, once', async () => {
  const log = memoryLog()
  const seen: string[] = []
  const subscription = fromLog(log)
    .pipe(retry(1))
    .subscribe(({ data }) => seen.push(data))
  onTestFinished(() => subscription.unsubscribe())
  await new Promise(setImmediate)
  await log.close()
  await new Promise(setImmediate)
  await log.append(message('1'), 'all')
  expect(seen).toEqual(['1'])
})

describe('two sinks on one memoryLog', () => {
  it('deliver what the other publishes, and know the same position', async () => {
    const log = memoryLog()
    const one = createTestSink({ log })
    const two = createTestSink({ log })
    const { body } = await two.fetch(new Request('http://localhost/'))
    const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
    await reader.read()
    const { id } = await one.publish({ data: 'from one' })
    expect((await reader.read()).value).toContain('data: from one')
    expect([one.position, two.position]).toEqual([id, id])
    await one.close()
    await two.publish({ data: 'after one was closed' })
    expect((await reader.read()).value).toContain('data: after one was closed')
    await reader.cancel()
  })

  it('keep the order for every listener, also if one appends', async () => {
    const log = memoryLog()
    const heard: string[][] = [[], []]
    log.tail?.((entries) => {
      for (const {
        message: { data },
      } of entries) {
        heard[0]?.push(data)
        if (data === '1') log.append(message('2'), 'all')
      }
    })
    log.tail?.((entries) => void heard[1]?.push(...entries.map((entry) => entry.message.data)))
    await log.append(message('1'), 'all')
    expect(heard).toEqual([
      ['1', '2'],
      ['1', '2'],
    ])
  })
})
