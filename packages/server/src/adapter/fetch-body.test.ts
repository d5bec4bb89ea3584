import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../test/eventually.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

function opened(options?: SinkOptions): Sink {
  const sink = createSink({ heartbeat: false, ...options })
  onTestFinished(() => sink.close({ drain: 0 }))
  return sink
}

async function bodyOf(sink: Sink, init?: RequestInit): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await sink.fetch(new Request('http://localhost/', init))
  return (response.body as ReadableStream<Uint8Array>).getReader()
}

/** Until the end, or the error. */
async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
}

describe('the body of a Fetch response', () => {
  it('that is cut is an error to its reader, not an end: half a stream must not look whole', async () => {
    const sink = opened({ slowClient: { policy: 'disconnect', maxMessages: 1 } })
    const reader = await bodyOf(sink)
    await eventually(() => {
      sink.next({ data: 'x'.repeat(100_000) })
      return sink.stats().disconnected === 1
    })
    await expect(rest(reader)).rejects.toThrow('the stream was cut')
    expect(sink.stats().connections).toBe(0)
  })

  it('whose reader is slow ends when it has read everything', async () => {
    const sink = opened()
    const reader = await bodyOf(sink)
    const large = 'x'.repeat(100_000)
    for (const n of [1, 2, 3]) {
      sink.next({ data: `${n}${large}` })
      await eventually(() => true)
    }
    const closed = sink.close()
    expect(sink.stats()).toMatchObject({ connections: 1, behind: 1 })
    const text = await rest(reader)
    await closed
    for (const n of [1, 2, 3]) expect(text).toContain(`data: ${n}${large}\n\n`)
    expect(text).toMatch(/retry: \d+\n\n$/)
  })

  it('whose request is aborted has ended, and gets nothing more', async () => {
    const sink = opened()
    const leaving = new AbortController()
    const reader = await bodyOf(sink, { signal: leaving.signal })
    await eventually(() => sink.stats().connections === 1)
    leaving.abort()
    expect(sink.stats().connections).toBe(0)
    sink.next({ data: 'too late' })
    expect(await rest(reader)).not.toContain('too late')
    leaving.abort()
  })

  it('tells a slow reader how many messages it has missed, and goes on', async () => {
    const sink = opened({ slowClient: { maxMessages: 2 } })
    const reader = await bodyOf(sink)
    for (let n = 1; n <= 6; n++) {
      sink.next({ data: `${n} ${'x'.repeat(70_000)}` })
      await eventually(() => true)
    }
    sink.next({ data: 'last' })
    await eventually(() => true)
    const ended = rest(reader)
    await eventually(() => sink.stats().behind === 0)
    await sink.close()
    const events = (await ended).match(/(?<=data: )(\d |last|\{"skipped":\d\})/g)
    expect(events).toEqual(['1 ', '{"skipped":4}', '6 ', 'last'])
  })
})
