import type { SseMessage } from '@rxsse/shared'
import { Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  it.each([
    ['at once', 5_000],
    ['later', 5_000],
    ['at once', new Date(5_000)],
  ])(
    '`expires` ends the stream of a sink after its last event, if access decides %s',
    async (when, expires) => {
      const scheduler = new ManualScheduler()
      const decision = { allow: true, expires } as const
      const access = () => (when === 'later' ? Promise.resolve(decision) : decision)
      const sink = createSink({ scheduler, access, heartbeat: false, log: memoryLog() })
      onTestFinished(() => sink.close())
      const reader = await open(await mount(sink))
      await expect.poll(() => sink.stats().connections).toBe(1)
      scheduler.advance(4_999)
      await sink.publish({ data: 'last' })
      scheduler.advance(1)
      expect(await reader.ended).toBe('end')
      expect(reader.events()).toMatchObject([{ data: 'last' }])
      expect(reader.text()).toMatch(/: reconnect\nretry: \d+\n$/)
      await expectIdle(sink)
    },
  )

  it('`expires` cuts an answer', async () => {
    const scheduler = new ManualScheduler()
    const source = new Subject<SseMessage>()
    const access = () => ({ allow: true, expires: 5_000 }) as const
    const endpoint = streamTo(() => source, { scheduler, access, heartbeat: false })
    onTestFinished(() => endpoint.close())
    const reader = await open(await mount(endpoint))
    await expect.poll(() => source.observed).toBe(true)
    source.next({ data: 'half' })
    await reader.take(1)
    scheduler.advance(5_000)
    expect(await reader.ended).toBe('cut')
    await expect.poll(() => source.observed).toBe(false)
    await expectIdle(endpoint)
  })

  it('`disconnect` ends the streams of a user, and no others', async () => {
    const sink = createSink({ trustQueryUser: true, log: memoryLog() })
    onTestFinished(() => sink.close())
    const url = await mount(sink)
    const [banned, other] = [await open(`${url}?user_id=1`), await open(`${url}?user_id=2`)]
    await expect.poll(() => sink.stats().connections).toBe(2)
    await sink.publish({ data: 'last' })
    await sink.disconnect({ user: '1' })
    expect(await banned.ended).toBe('end')
    expect(banned.events()).toMatchObject([{ data: 'last' }])
    await sink.publish({ data: 'more' })
    expect((await other.take(2)).map(({ data }) => data)).toEqual(['last', 'more'])
    other.close()
    await expectIdle(sink)
  })
})
