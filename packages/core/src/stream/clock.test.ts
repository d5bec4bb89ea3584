import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { asapScheduler, asyncScheduler } from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { record } from '../../test/record.ts'
import { createClock } from './clock.ts'

afterEach(() => vi.restoreAllMocks())

/** Sets the time of day, as somebody may. */
function setTimeOfDay(offset: number): void {
  const real = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => real() + offset)
}

describe('a time of day that is set', () => {
  for (const hours of [-24, 24]) {
    it(`by ${hours} hours makes no connection silent, and none healthy`, async () => {
      await using server = await createScriptedServer(({ index }) =>
        index === 0
          ? { status: 200, body: ['data: a\n\n', { sleep: 250 }, 'data: b\n\n', { sleep: 50 }, 'CUT'] }
          : { raw: ['RST'] },
      )
      const stream = record(server.url, {
        timeouts: { idle: '2s' },
        reconnect: { initialDelay: 1, minDelay: 1, jitter: 0, maxAttempts: 3 },
      })
      await stream.received(1)
      setTimeOfDay(hours * 3_600_000)
      await stream.received(2)
      expect(await stream.over()).toMatchObject({ code: 'retries-exhausted', attempt: 3 })
      expect(
        stream.states.filter((state) => state.status === 'waiting').map(({ reason }) => reason),
      ).toMatchObject([{ code: 'network' }, { code: 'network' }])
    })
  }

  it('does not make a silent connection live longer', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const stream = record(server.url, { timeouts: { idle: '300ms' }, reconnect: false })
    await stream.received(1)
    setTimeOfDay(-3_600_000)
    const from = performance.now()
    expect(await stream.over()).toMatchObject({ code: 'idle-timeout' })
    expect(performance.now() - from).toBeLessThan(30_000)
  })
})

it('the clock of a scheduler that is not of RxJS is its own', () => {
  const virtual = new VirtualClock()
  virtual.advanceTo(5)
  expect(createClock(virtual).now()).toBe(5)
  expect(createClock(virtual).timeOfDay()).toBe(5)
  for (const scheduler of [asyncScheduler, asapScheduler]) {
    expect(Math.abs(createClock(scheduler).now() - performance.now())).toBeLessThan(1000)
    expect(Math.abs(createClock(scheduler).timeOfDay() - Date.now())).toBeLessThan(1000)
  }
})
