import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import { PENDING, SOURCES, type Source } from '../../test/pull-sources.ts'
import type { StreamRequest } from './response-gate.ts'
import { streamTo } from './stream-to.ts'

describe.each(ADAPTERS)('over $name', ({ name: adapter, mount, open }) => {
  it.each(Object.keys(PENDING))('%s is cancelled at once when its client leaves', async (name) => {
    let cancelled = 0
    const endpoint = streamTo(() => PENDING[name]?.(() => void cancelled++) ?? [])
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    await expect.poll(() => endpoint.stats().connections).toBe(1)
    reader.close()
    await expect.poll(() => cancelled).toBe(1)
    await expectIdle(endpoint)
  })

  it.each(Object.keys(PENDING))('%s that is made after its client has left is cancelled', async (name) => {
    let cancelled = 0
    let make: () => void = () => {}
    const made = new Promise<void>((resolve) => {
      make = resolve
    })
    let aborted = false
    const endpoint = streamTo(async ({ signal }) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      await made
      return PENDING[name]?.(() => void cancelled++) ?? []
    })
    onTestFinished(() => endpoint.close())
    const url = await mount(endpoint)
    const leaving = new AbortController()
    const gone = open(url, { signal: leaving.signal }).catch(() => {})
    await expect.poll(() => endpoint.stats().pending).toBe(1)
    leaving.abort()
    await gone
    await expect.poll(() => aborted).toBe(true)
    make()
    await expect.poll(() => cancelled).toBe(1)
    await expectIdle(endpoint)
  })

  it('request.signal aborts when its client leaves in the middle of the answer', async () => {
    const signals: AbortSignal[] = []
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(({ signal }) => {
      signals.push(signal)
      return source
    })
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 1 })
    await reader.take(1)
    // A connection may be taken over meanwhile.
    await sleep(20)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    reader.close()
    await expect.poll(() => signals[0]?.aborted).toBe(true)
  })

  // Pulling differs by the source, the pace by the adapter.
  const sources = Object.keys(SOURCES).filter(
    (_each, at) => at === 0 || ['node:http', 'Hono'].includes(adapter),
  )

  it.each(sources)('%s is read at the pace of its client', async (name) => {
    const source: Source = { given: 0, cancelled: 0 }
    const rows = 2_000
    const endpoint = streamTo(() => SOURCES[name]?.(source, rows) ?? [])
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    reader.pause()
    await expect.poll(() => source.given).toBeGreaterThan(0)
    let before = -1
    while (before !== source.given) {
      before = source.given
      await sleep(50)
    }
    // The buffers of the two sockets hold a few megabytes.
    expect(source.given).toBeLessThan(rows)
    reader.resume()
    expect(await reader.ended).toBe('end')
    expect(reader.events()).toHaveLength(rows)
    expect(source.cancelled).toBe(0)
    expect(endpoint.stats()).toMatchObject({ published: rows, disconnected: 0, skipped: 0 })
  })

  it('request.gate is shut while the client does not read', async () => {
    let request: StreamRequest | undefined
    const source = new Subject<SseMessage>()
    const endpoint = streamTo(
      (own) => {
        request = own
        return source
      },
      { slowClient: { maxBytes: 1 << 26 } },
    )
    onTestFinished(() => endpoint.close())
    const changes: boolean[] = []
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    request?.gate.changes.subscribe((shut) => changes.push(shut))
    expect(request?.gate.shut).toBe(false)
    reader.pause()
    let sent = 0
    const isOpen = () => request?.gate.shut === false
    // A transport may take some more after it was full.
    while (isOpen() || (await sleep(30).then(isOpen))) {
      source.next({ data: 'x'.repeat(100_000) })
      sent++
      await sleep(0)
    }
    expect(changes[0]).toBe(true)
    expect(changes.at(-1)).toBe(true)
    reader.resume()
    await expect.poll(() => request?.gate.shut).toBe(false)
    expect(changes.at(-1)).toBe(false)
    source.complete()
    await reader.ended
    expect(reader.events()).toHaveLength(sent)
  })
})
