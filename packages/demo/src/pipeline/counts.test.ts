import fc from 'fast-check'
import { from } from 'rxjs'
import { expect, it } from 'vitest'
import { countEvents, createCounts, trackUpstream } from './counts.ts'

it('counts missed and repeated events among consecutive ids', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (ids) => {
      const counts = createCounts()
      from(ids.map((id) => ({ type: 'quake', data: '', lastEventId: String(id) })))
        .pipe(countEvents(counts))
        .subscribe()
      const newest = ids.filter((id, index) => id > Math.max(0, ...ids.slice(0, index)))
      expect(counts.in).toBe(ids.length)
      expect(counts.missed).toBe((newest.at(-1) ?? 0) - newest.length)
      expect(counts.repeated).toBe(ids.length - newest.length)
    }),
  )
})

it('counts a later connection with an id as resumed, and reports the remaining wait', () => {
  const counts = createCounts()
  let clock = 0
  let changes = 0
  const upstream = trackUpstream(
    counts,
    () => {
      changes += 1
    },
    () => clock,
  )
  const open = { status: 'open', url: '', httpStatus: 200, headers: {} } as const
  expect(upstream.now()).toEqual({ status: 'connecting', attempt: 1, remaining: 0, reason: '' })
  upstream.next({ status: 'connecting', attempt: 1, url: '', lastEventId: '' })
  upstream.next({ ...open, attempt: 1 })
  upstream.next({
    status: 'waiting',
    attempt: 1,
    delay: 1_000,
    reason: 'end',
    serverRetry: undefined,
    retryAfter: undefined,
  })
  clock = 400
  expect(upstream.now()).toEqual({ status: 'waiting', attempt: 1, remaining: 600, reason: 'end' })
  clock = 1_400
  expect(upstream.now().remaining).toBe(0)
  upstream.next({ status: 'connecting', attempt: 2, url: '', lastEventId: '' })
  upstream.next({ ...open, attempt: 2 })
  expect(counts.resumed).toBe(0)
  upstream.next({ status: 'connecting', attempt: 3, url: '', lastEventId: '7' })
  upstream.next({ ...open, attempt: 3 })
  expect(counts.resumed).toBe(1)
  expect(changes).toBe(7)
})
