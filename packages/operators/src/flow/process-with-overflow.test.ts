import { NEVER, of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { countingGate } from '../../test/gate.ts'
import { processed } from '../../test/processed.ts'
import { createStage } from '../stage/create-stage.ts'
import { BufferOverflowError } from './job-queue.ts'
import { processWith } from './process-with.ts'

describe('events that wait for processWith', () => {
  it('drops the oldest or the newest waiting event, and passes it to onDropped', () => {
    for (const [overflow, gone] of [
      ['drop-oldest', [1, 2]],
      ['drop-newest', [3, 4]],
    ] as const) {
      const dropped: number[] = []
      const { clock, source, seen } = processed({
        buffer: 2,
        overflow,
        onDropped: ([id]) => dropped.push(id),
      })
      for (const id of [0, 1, 2, 3, 4]) source.next([id, 10])
      clock.runOut()
      expect(dropped).toEqual(gone)
      expect(seen.map(([, id]) => id)).toEqual([0, 1, 2, 3, 4].filter((id) => !gone.some((g) => g === id)))
    }
  })

  it('drops events while busy if the buffer is 0', () => {
    const { clock, source, seen } = processed({ buffer: 0, overflow: 'drop-newest' })
    source.next([0, 10])
    source.next([1, 10])
    clock.runOut()
    source.next([2, 10])
    clock.runOut()
    expect(seen.map(([, id]) => id)).toEqual([0, 2])
  })

  it('fails by default when more events wait than the buffer holds', () => {
    const { source, endings, active } = processed({ buffer: 2 })
    for (const id of [0, 1, 2, 3]) source.next([id, 10])
    expect(endings).toEqual([expect.any(BufferOverflowError)])
    expect(endings[0]).toMatchObject({
      buffer: 2,
      message: expect.stringMatching(/^processWith: more than 2 events wait/),
    })
    expect(active()).toBe(0)
  })

  it('counts every event at the gate from arrival until it is handled, and loses none while paused', () => {
    const gate = countingGate(3)
    const { clock, source, seen } = processed({ gate })
    for (let id = 0; id < 50; id++) source.next([id, 10])
    expect(gate.held).toBe(50)
    expect(gate.shut).toBe(true)
    clock.runOut()
    expect(gate.held).toBe(0)
    expect(gate.shut).toBe(false)
    expect(seen.map(([, id]) => id)).toEqual([...Array(50).keys()])
  })

  it('releases what it holds of the gate, however it ends', () => {
    for (const end of ['unsubscribe', 'error', 'overflow'] as const) {
      const gate = countingGate(3)
      const { source, subscription } = processed(
        end === 'overflow' ? { gate, overflow: 'fail', buffer: 5 } : { gate },
      )
      for (let id = 0; id < (end === 'overflow' ? 7 : 5); id++) source.next([id, 10])
      if (end === 'unsubscribe') subscription.unsubscribe()
      if (end === 'error') source.error(new Error('boom'))
      expect(gate.held).toBe(0)
    }
  })

  it('are handled in the same time each, however many of them wait for one busy key', () => {
    const source = new Subject<number>()
    const stage = createStage('work')
    const started: number[] = []
    source
      .pipe(
        processWith(
          (n) => {
            started.push(n)
            return n % 1000 === 0 ? NEVER : of(n)
          },
          { concurrency: 4, orderBy: (n) => (n % 10 === 0 ? 'busy' : n), buffer: 1_000_000, stage },
        ),
      )
      .subscribe()
    for (let n = 0; n < 200_000; n++) source.next(n)
    expect(started).toHaveLength(180_001)
    expect(stage.counts()).toMatchObject({ out: 180_000, buffered: 20_000 })
  })
})
