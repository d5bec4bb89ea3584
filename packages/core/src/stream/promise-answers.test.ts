import { createScriptedServer } from '@rxsse/testing'
import { lastValueFrom } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { locks, openTab, serve } from '../../test/shared-tab.ts'
import { type EventSourceError, eventsFrom } from '../index.ts'

const unhandled: unknown[] = []
const note = (reason: unknown) => void unhandled.push(reason)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  // Rejections are reported after the microtasks.
  await new Promise((resolve) => setTimeout(resolve, 5))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

describe.each([
  ['fulfilled', () => Promise.resolve(false)],
  ['rejected', () => Promise.reject(new Error('boom'))],
])('a promise that is %s is no answer', (_, answer) => {
  const events = { status: 200, body: ['data: a\n\ndata: b\n\n'] }
  const until = answer as unknown as () => boolean

  it('of until', async () => {
    await using server = await createScriptedServer([events])
    const stream = record(server.url, { until })
    expect(await stream.over()).toMatchObject({
      code: 'request',
      message: 'until threw',
      cause: { message: 'until must answer at once, not with a promise' },
    })
    expect(stream.data).toEqual(['a'])
  })

  it('of until, for bytes in hand', async () => {
    const error = await lastValueFrom(eventsFrom(new Response('data: a\n\n'), { until })).catch(
      (reason: EventSourceError) => reason,
    )
    expect(error).toMatchObject({ code: 'request', cause: { message: expect.stringContaining('at once') } })
  })

  it.skipIf(!locks)('of until, in a tab', async () => {
    await serve([{ status: 200, body: ['id: 0\n\nid: 1\ndata: a\n\n', 'HOLD'] }])
    const tab = openTab({ until })
    await expect.poll(() => tab.end).toBe('request: until threw')
    expect(tab.data).toEqual(['a'])
  })

  it('of reconnect.decide', async () => {
    await using server = await createScriptedServer([events])
    const decide = answer as unknown as () => 'retry'
    expect(await record(server.url, { reconnect: { decide } }).over()).toMatchObject({
      code: 'request',
      cause: { message: 'reconnect.decide must answer at once, not with a promise' },
    })
  })

  it('of otherContent', async () => {
    await using server = await createScriptedServer([
      { status: 200, headers: { 'content-type': 'text/plain' }, body: ['a'] },
    ])
    const otherContent = { 'text/plain': answer as unknown as () => [] }
    expect(await record(server.url, { otherContent }).over()).toMatchObject({
      code: 'content-type',
      cause: { message: 'otherContent must answer at once, not with a promise' },
    })
  })
})
