import { asyncScheduler } from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createClock } from '../connection/clock.ts'
import { createSink } from './sink.ts'

const HOUR = 3_600_000

function setClock(by: number): void {
  const real = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => real() + by)
}

afterEach(() => vi.restoreAllMocks())

describe.each([
  ['an hour ahead', HOUR],
  ['an hour back', -HOUR],
])('if the wall clock is set %s', (_, by) => {
  it('the measured time is right', () => {
    const clock = createClock(asyncScheduler)
    const before = clock.now()
    setClock(by)
    const passed = clock.now() - before
    expect(passed).toBeGreaterThanOrEqual(0)
    expect(passed).toBeLessThan(HOUR / 2)
  })

  it('heartbeats keep their interval', async () => {
    const sink = createSink({ heartbeat: { interval: 20, comment: 'beat' } })
    const url = await serve(sink.handler)
    const reader = await openReader(url)
    const beats = () => reader.text().split(': beat').length - 1
    await expect.poll(() => beats()).toBeGreaterThanOrEqual(3)
    setClock(by)
    const before = beats()
    const began = performance.now()
    await expect.poll(() => beats()).toBeGreaterThanOrEqual(before + 10)
    expect(beats() - before).toBeLessThan((performance.now() - began) / 15 + 5)
    await sink.close({ drain: 0 })
  })

  it('a stalled client is disconnected in time', async () => {
    const sink = createSink({ slowClient: { maxMessages: 1, stalledFor: 1_000 } })
    const reader = await openReader(await serve(sink.handler))
    reader.pause()
    let isSet = false
    await expect
      .poll(() => {
        if (sink.stats().skipped === 0) sink.next({ data: 'x'.repeat(65_536) })
        if (!isSet && sink.stats().skipped > 0) {
          isSet = true
          setClock(by)
        }
        return sink.stats().disconnected === 1
      })
      .toBe(true)
    expect(isSet).toBe(true)
    reader.close()
    await sink.close({ drain: 0 })
  })
})
