import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Scheduled, TimerQueue } from './timer-queue.ts'

const who = fc.integer({ min: 0, max: 5 })
const time = fc.integer({ min: 0, max: 8 })
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ schedule: who, at: fc.oneof(time, fc.constant(Number.POSITIVE_INFINITY)) }),
  },
  fc.record({ take: time }),
)

describe('TimerQueue', () => {
  it('returns due entries by time and then by order, like a list that is searched every time', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200, size: 'max' }), (commands) => {
        const entries: Scheduled[] = Array.from({ length: 6 }, (_, order) => ({
          at: Number.POSITIVE_INFINITY,
          order,
        }))
        const queue = new TimerQueue<Scheduled>()
        const times = entries.map(() => Number.POSITIVE_INFINITY)
        const first = () => times.indexOf(Math.min(...times))
        for (const step of commands) {
          if ('schedule' in step) {
            const entry = entries[step.schedule]
            if (entry !== undefined) queue.schedule(entry, step.at)
            times[step.schedule] = step.at
          } else {
            const due = Math.min(...times) <= step.take ? entries[first()] : undefined
            expect(queue.takeDue(step.take)).toBe(due)
            if (due !== undefined) times[due.order] = Number.POSITIVE_INFINITY
          }
          expect(queue.next()).toBe(Math.min(...times))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('sweeps out the leftovers of entries that are rescheduled often, and stays correct', () => {
    const reschedule = fc.record({
      schedule: fc.integer({ min: 0, max: 2 }),
      at: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 40 }) },
        fc.constant(Number.POSITIVE_INFINITY),
      ),
    })
    const step = fc.oneof(
      { weight: 60, arbitrary: reschedule },
      fc.record({ take: fc.integer({ min: 0, max: 40 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 300, maxLength: 600, size: 'max' }), (steps) => {
        const entries: Scheduled[] = [0, 1, 2].map((order) => ({ at: Number.POSITIVE_INFINITY, order }))
        const queue = new TimerQueue<Scheduled>()
        const due = () =>
          entries
            .filter(({ at }) => at !== Number.POSITIVE_INFINITY)
            .sort((a, b) => a.at - b.at || a.order - b.order)
        for (const one of steps) {
          if ('schedule' in one) queue.schedule(entries[one.schedule] as Scheduled, one.at)
          else {
            const [first] = due()
            const isDue = first !== undefined && first.at <= one.take
            expect(queue.takeDue(one.take)).toBe(isDue ? first : undefined)
          }
          expect(queue.listed).toBeGreaterThanOrEqual(due().length)
          expect(queue.listed).toBeLessThanOrEqual(2 * entries.length + 64)
        }
        for (const entry of due()) {
          expect(queue.next()).toBe(entry.at)
          expect(queue.takeDue(Number.MAX_VALUE)).toBe(entry)
        }
        expect(queue.takeDue(Number.MAX_VALUE)).toBeUndefined()
        expect([queue.earliest, queue.listed]).toEqual([Number.POSITIVE_INFINITY, 0])
      }),
      { numRuns: 300 },
    )
  })
})
