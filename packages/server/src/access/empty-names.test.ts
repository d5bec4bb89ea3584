import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

describe('an empty name', () => {
  it.each<[string, SinkOptions]>([
    ['access', { access: () => ({ allow: true, user: '' }) }],
    ['identify', { identify: () => '' }],
    ['identify, asynchronously', { identify: async () => '' }],
    ['?user_id=', { trustQueryUser: true }],
  ])('from %s is no user: those without one are not counted as one', async (_name, options) => {
    const sink = createSink({ ...options, limits: { connectionsPerKey: 1 } })
    onTestFinished(() => sink.close())
    const users: (string | undefined)[] = []
    sink.connections$.subscribe(({ user }) => users.push(user))
    const url = `${await serve(sink.handler)}/?user_id=`
    for (let n = 0; n < 3; n++) await openReader(url)
    await expect.poll(() => sink.stats().connections).toBe(3)
    expect(users).toEqual([undefined, undefined, undefined])
  })

  it('from access leaves the choice to identify', async () => {
    const sink = createSink({ access: () => ({ allow: true, user: '' }), identify: () => 'ada' })
    onTestFinished(() => sink.close())
    const reader = await openReader(await serve(sink.handler))
    await sink.publish({ data: 'hers' }, { user: 'ada' })
    expect(await reader.take(1)).toMatchObject([{ data: 'hers' }])
  })

  it.each([{ user: '' }, { room: '' }])('as a target is refused: %j', async (target) => {
    const rejected: unknown[] = []
    const sink = createSink({ onRejected: (_message, error) => rejected.push(error) })
    const error = { name: 'SinkError', code: 'message', message: expect.stringContaining('empty') }
    await expect(sink.publish({ data: 1 }, target)).rejects.toMatchObject(error)
    await expect(sink.disconnect(target)).rejects.toMatchObject(error)
    const observer = target.user === '' ? sink.user('') : sink.room('')
    observer.next({ data: 1 })
    expect(rejected).toMatchObject([error])
  })

  it('as the target of an entry leaves it out', async () => {
    const log = memoryLog()
    const errors: unknown[] = []
    const sink = createSink({ log, onError: (error) => errors.push(error) })
    onTestFinished(() => sink.close())
    const reader = await openReader(await serve(sink.handler))
    await expect.poll(() => sink.stats().connections).toBe(1)
    await log.append({ topic: 'message', data: 'lost' }, { user: '' })
    await sink.publish({ data: 'kept' })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['kept'])
    expect(sink.stats().refused).toBe(1)
    expect(errors).toHaveLength(1)
  })
})
