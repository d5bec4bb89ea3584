import { expect, it } from 'vitest'
import { trackUpstream } from './upstream.ts'

it('names each connection, and reports the remaining wait', () => {
  let clock = 0
  let changes = 0
  const upstream = trackUpstream(
    () => {
      changes += 1
    },
    () => clock,
  )
  const open = { status: 'open', url: '', httpStatus: 200, headers: {} } as const
  expect(upstream.now()).toEqual({ status: 'connecting', attempt: 1, remaining: 0, reason: '' })
  upstream.next({ status: 'connecting', attempt: 1, url: '', lastEventId: '' })
  upstream.next({ ...open, attempt: 1 })
  const first = upstream.connection
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
  expect(upstream.connection).toBe(first)
  upstream.next({ status: 'connecting', attempt: 2, url: '', lastEventId: '7' })
  upstream.next({ ...open, attempt: 2 })
  expect(upstream.connection).not.toBe(first)
  expect(changes).toBe(5)
})
