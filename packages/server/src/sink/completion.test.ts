import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from './sink.ts'

describe("a sink with onComplete: 'close'", () => {
  it('may be completed twice', async () => {
    const sink = createSink({ onComplete: 'close' })
    onTestFinished(() => sink.close())
    const reader = await openReader(await serve(sink.handler))
    await expect.poll(() => sink.stats().connections).toBe(1)
    sink.complete()
    sink.complete()
    expect(await reader.ended).toBe('end')
  })

  it('ends its streams also if the log cannot tell its end, and onError hears it', async () => {
    const memory = memoryLog()
    let fails = false
    const log = {
      append: memory.append.bind(memory),
      since: memory.since.bind(memory),
      head: () => (fails ? Promise.reject(new Error('of the log')) : memory.head()),
      close: memory.close.bind(memory),
    }
    const errors: unknown[] = []
    const sink = createSink({ log, onComplete: 'close', onError: (error) => errors.push(error) })
    onTestFinished(() => sink.close())
    const reader = await openReader(await serve(sink.handler))
    await expect.poll(() => sink.stats().connections).toBe(1)
    await sink.publish({ data: 1 })
    fails = true
    sink.complete()
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toMatchObject([{ data: '1' }])
    expect(errors.map(String)).toEqual(['Error: of the log'])
  })
})

describe('a request that was aborted before it came', () => {
  it.each(['synchronous', 'asynchronous'])('holds nothing, with %s access', async (how) => {
    const access = () => ({ allow: true }) as const
    const sink = createSink({ access: how === 'synchronous' ? access : async () => access() })
    onTestFinished(() => sink.close())
    await sink.fetch(new Request('http://localhost/', { signal: AbortSignal.abort() }))
    expect(sink.stats()).toMatchObject({ opened: 0, pending: 0, connections: 0 })
  })
})

it('a wrong accept is refused at construction', () => {
  expect(() => createSink({ accept: 'json' as never })).toThrow("accept must be 'any' or 'strict'")
})
