import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'

describe('a signal', () => {
  it('that is aborted already sends nothing', async () => {
    await using server = await createScriptedServer([])
    const reason = new Error('changed my mind')
    const asked: string[] = []
    const stream = record(server.url, {
      method: 'POST',
      body: '{}',
      headers: () => {
        asked.push('headers')
        return {}
      },
      lastEventId: () => {
        asked.push('id')
        return ''
      },
      signal: AbortSignal.abort(reason),
    })
    expect(stream.error).toMatchObject({ code: 'aborted', cause: reason })
    expect(stream.states).toEqual([{ status: 'closed', reason: stream.error }])
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.connections).toBe(0)
    expect(asked).toEqual([])
  })

  for (const [when, script] of [
    ['while it reads', { status: 200, body: ['data: a\n\n', 'HOLD'] }],
    ['while it waits for the head', { raw: ['HTTP/1.1 200 OK\r\n', 'HOLD'] }],
  ] as const) {
    it(`aborts the stream ${when}, and closes its socket`, async () => {
      await using server = await createScriptedServer([script])
      const controller = new AbortController()
      const stream = record(server.url, { signal: controller.signal, method: 'POST' })
      await server.request(0)
      if (script.body) await stream.received(1)
      controller.abort()
      expect(stream.error).toMatchObject({ code: 'aborted', attempt: 1 })
      expect(await server.closed(0)).toBe('client')
      expect(stream.completed).toBe(false)
    })
  }

  it('aborts a wait, in the second round too, and leaves no timer', async () => {
    await using server = await createScriptedServer(() => ({ status: 503, body: [] }))
    const controller = new AbortController()
    const clock = new VirtualClock()
    const stream = record(server.url, { signal: controller.signal, scheduler: clock })
    clock.advanceBy((await stream.state('waiting')).delay)
    await stream.state('waiting', 2)
    controller.abort('enough')
    expect(stream.error).toMatchObject({ code: 'aborted', attempt: 2, cause: 'enough' })
    expect(clock.timers).toBe(0)
  })

  it('does nothing after the stream is over', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
    const controller = new AbortController()
    const stream = record(server.url, { signal: controller.signal, reconnect: false })
    expect(await stream.over()).toBeUndefined()
    controller.abort()
    expect(stream.error).toBeUndefined()
    expect(stream.states.at(-1)).toMatchObject({ reason: 'complete' })
  })
})
