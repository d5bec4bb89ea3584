import { setImmediate as endOfTick } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createTailedLog } from '../../test/tailed-log.ts'
import { createSink } from '../sink/sink.ts'

describe('a tail that fails to start', () => {
  it.each<[string, (error: Error) => never | Promise<never>]>([
    ['by throwing', fail],
    ['by rejecting', (error) => Promise.reject(error)],
  ])('%s is tried again after growing delays; clients stay and miss nothing', async (_, refuse) => {
    const scheduler = new ManualScheduler()
    const log = createTailedLog()
    log.start()
    const before = await log.append({ data: 'before', topic: 'message' }, 'all')
    const errors: string[] = []
    let refusals = 3
    const sink = createSink({
      scheduler,
      random: () => 0,
      heartbeat: false,
      onError: (error) => errors.push(String(error)),
      log: {
        ...log,
        tail: (listener) =>
          refusals > 0
            ? refuse(new Error(`refused, ${refusals--} to go`))
            : (log.tail?.(listener) ?? fail(new Error('a log without a tail'))),
      },
    })
    onTestFinished(() => sink.close({ drain: 0 }))
    const url = await serve(sink.handler)
    const readers = [
      await openReader(url),
      await openReader(url, { headers: { 'last-event-id': before.id.replace(/1$/, '0') } }),
    ]
    await sink.publish({ data: 'meanwhile' })
    for (const [failures, delay] of [500, 1_000, 2_000].entries()) {
      await expect.poll(() => errors.length).toBe(failures + 1)
      scheduler.advance(delay - 1)
      await endOfTick()
      expect(errors.length).toBe(failures + 1)
      scheduler.advance(1)
    }
    const [fresh, resuming] = readers
    await fresh?.take(1)
    await sink.publish({ data: 'after' })
    await log.deliver()
    expect((await fresh?.take(2))?.map(({ data }) => data)).toEqual(['meanwhile', 'after'])
    expect((await resuming?.take(3))?.map(({ data }) => data)).toEqual(['before', 'meanwhile', 'after'])
    expect(errors).toEqual([3, 2, 1].map((left) => `Error: refused, ${left} to go`))
    expect(sink.stats().connections).toBe(2)
  })

  it('is not tried again after the sink has closed, and a late error is not reported', async () => {
    const scheduler = new ManualScheduler()
    const log = createTailedLog()
    const errors: unknown[] = []
    let attempts = 0
    let refuse: (error: unknown) => void = () => {}
    const sink = createSink({
      scheduler,
      heartbeat: false,
      onError: (error) => errors.push(error),
      log: {
        ...log,
        tail() {
          attempts++
          return new Promise((_, reject) => {
            refuse = reject
          })
        },
      },
    })
    refuse(new Error('first'))
    await expect.poll(() => errors.length).toBe(1)
    scheduler.advance(1_000)
    expect(attempts).toBe(2)
    refuse(new Error('second'))
    await expect.poll(() => errors.length).toBe(2)
    await sink.close({ drain: 0 })
    scheduler.advance(60_000)
    expect(attempts).toBe(2)

    const waiting = new Promise<never>((_, reject) => {
      refuse = reject
    })
    const other = createSink({
      scheduler,
      onError: (error) => errors.push(error),
      log: { ...log, tail: () => waiting },
    })
    await other.close({ drain: 0 })
    refuse(new Error('closed'))
    await endOfTick()
    expect(errors.length).toBe(2)
  })
})

function fail(error: Error): never {
  throw error
}
