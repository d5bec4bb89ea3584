import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Job } from './job-queue.ts'
import { KeyedJobs } from './keyed-jobs.ts'

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 4, arbitrary: fc.constant('take' as const) },
  { weight: 2, arbitrary: fc.record({ free: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 1, arbitrary: fc.constant('shift' as const) },
)

it('KeyedJobs takes the same jobs as a list that is searched every time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const jobs = new KeyedJobs<number>()
      const list: Job<number>[] = []
      const busy: number[] = []
      for (const [event, each] of steps.entries()) {
        if (each === 'take') {
          const at = list.findIndex(({ key }) => !busy.includes(key as number))
          const expected = at === -1 ? undefined : list.splice(at, 1)[0]
          if (expected !== undefined) busy.push(expected.key as number)
          expect(jobs.takeReady()).toBe(expected)
        } else if (each === 'shift') expect(jobs.shift()).toBe(list.shift())
        else if ('push' in each) {
          const job = { event, part: undefined, key: each.push }
          jobs.push(job)
          list.push(job)
        } else if (busy.length > 0) jobs.free(busy.splice(each.free % busy.length, 1)[0])
        expect(jobs.length).toBe(list.length)
        expect(jobs.first).toBe(list[0])
        for (let key = 0; key <= 4; key++) expect(jobs.isBusy(key)).toBe(busy.includes(key))
      }
    }),
  )
})
