import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { describe, expect, it } from 'vitest'
import { expectNothingHeld, FAILURES, recordErrors } from '../../test/failing-callbacks.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from './sink.ts'
import type { SinkOptions } from './sink-options.ts'

describe('a disconnection', () => {
  it.each(Object.entries(FAILURES))(
    'ends every connection on every node if random %s',
    async (_how, random) => {
      const log = memoryLog()
      const { errors, onError } = recordErrors()
      const sinks = [createSink({ log, random, onError }), createSink({ log, random, onError })] as const
      const readers = await Promise.all(
        sinks.flatMap(({ handler }) => [0, 1].map(async () => openReader(await serve(handler)))),
      )
      await expect.poll(() => sinks.map((sink) => sink.stats().connections)).toEqual([2, 2])
      await sinks[0].disconnect('all')
      expect(await Promise.all(readers.map(({ ended }) => ended))).toEqual(['end', 'end', 'end', 'end'])
      await sinks[0].publish({ data: 1 })
      expect(errors.length).toBeGreaterThan(0)
    },
  )
})

describe('a message', () => {
  const MESSAGE_CALLBACKS: Readonly<Record<string, (fail: () => never) => SinkOptions>> = {
    topic: (topic) => ({ topic }),
    sourceId: (sourceId) => ({ sourceId }),
    'slowClient.key': (key) => ({ slowClient: { policy: 'coalesce', key } }),
  }
  const MESSAGE_CASES = Object.entries(MESSAGE_CALLBACKS).flatMap(([name, createOptions]) =>
    Object.entries(FAILURES).map(([how, fail]) => [`${name} ${how}`, createOptions(fail)] as const),
  )

  it.each(MESSAGE_CASES)('is rejected once if %s', async (_name, options) => {
    const rejected: unknown[] = []
    const { errors, onError } = recordErrors()
    const onRejected = (_message: SseMessage, error: unknown) => void rejected.push(error)
    const sink = createSink({ ...options, onError, onRejected })
    sink.next({ data: 1 })
    await expect(sink.publish({ data: 2 })).rejects.toThrow()
    await sleep(1)
    expect(rejected).toHaveLength(1)
    expect(errors).toHaveLength(0)
    expect(sink.stats()).toMatchObject({ rejected: 2, published: 0 })
  })

  it.each(Object.entries(FAILURES))('is rejected once if the function of sink.to %s', async (_how, fail) => {
    const rejected: unknown[] = []
    const sink = createSink({ onRejected: (_message, error) => void rejected.push(error) })
    sink.to(fail).next({ data: 1 })
    await sleep(1)
    expect(rejected).toHaveLength(1)
  })

  it.each(Object.entries(FAILURES))('is rejected all the same if onRejected %s', async (how, onRejected) => {
    const { errors, onError } = recordErrors()
    const sink = createSink({ onRejected, onError })
    sink.next({ data: 1n })
    await sleep(1)
    expect(errors).toHaveLength(how.includes('type') ? 0 : 1)
    expect(sink.stats().rejected).toBe(1)
  })

  it.each(Object.entries(FAILURES))('is published all the same if tracing %s', async (how, fail) => {
    const { errors, onError } = recordErrors()
    const sink = createSink({ onError, tracing: { publish: fail, deliver: fail } })
    const reader = await openReader(await serve(sink.handler))
    await sink.publish({ data: 1 })
    await reader.take(1)
    if (!how.includes('type')) expect(errors).toHaveLength(1)
    reader.close()
    await expectNothingHeld(sink)
  })

  it.each(Object.entries(FAILURES))('is published all the same if its trace %s', async (how, fail) => {
    const { errors, onError } = recordErrors()
    const trace = { fields: { traceparent: 'x' }, published: fail, failed: fail }
    const sink = createSink({ onError, tracing: { publish: () => trace, deliver: fail } })
    const reader = await openReader(await serve(sink.handler))
    await sink.publish({ data: 1 })
    await reader.take(1)
    await expect.poll(() => errors).toHaveLength(how.includes('type') ? 0 : 2)
  })

  it.each(Object.entries(FAILURES))('reaches a client that caught up if notice %s', async (_how, notice) => {
    const { errors, onError } = recordErrors()
    const sink = createSink({ onError, slowClient: { maxMessages: 1, notice } })
    const reader = await openReader(await serve(sink.handler))
    await expect.poll(() => sink.stats().connections).toBe(1)
    reader.pause()
    while (sink.stats().skipped < 2) {
      sink.next({ data: 'x'.repeat(300_000) })
      await sleep(1)
    }
    reader.resume()
    await reader.until(({ tail }) => tail().endsWith('\n\n'))
    await expect.poll(() => reader.text().includes('event: lagged')).toBe(true)
    expect(errors.length).toBeGreaterThan(0)
    reader.close()
    await expectNothingHeld(sink)
  })
})
