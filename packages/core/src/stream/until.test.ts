import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('until', () => {
  const until = ({ data }: { data: string }) => data === '[DONE]'

  it('completes the stream with its event, and closes the socket', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\ndata: [DONE]\n\ndata: b\n\n', 'HOLD'] },
    ])
    const stream = record(server.url, { until })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a', '[DONE]'])
    expect(await server.closed(0)).toBe('client')
  })

  it('is looked for over several connections', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\n'] },
      { status: 200, body: ['data: b\n\n', 'CUT'] },
      { status: 200, body: ['data: [DONE]\n\n', 'HOLD'] },
    ])
    const stream = record(server.url, { until, reconnect: soon })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a', 'b', '[DONE]'])
  })

  for (const [what, answer] of [
    ['a proper end', { status: 200, body: ['data: a\n\n'] }],
    ['an end without any event', { status: 200, body: [] }],
    ['a 204', { status: 204, framing: 'none', body: [] }],
  ] as const) {
    it(`makes ${what} before it incomplete, in a single response`, async () => {
      await using server = await createScriptedServer([answer])
      const stream = record(server.url, { method: 'POST', until })
      expect(await stream.over()).toMatchObject({
        code: 'incomplete',
        message: 'the response ended before until was true',
        attempt: 1,
      })
      expect(stream.states.at(-1)).toMatchObject({ status: 'closed', reason: { code: 'incomplete' } })
    })
  }

  it('that throws errors the stream', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const cause = new Error('boom')
    const stream = record(server.url, {
      until() {
        throw cause
      },
    })
    expect(await stream.over()).toMatchObject({ code: 'request', message: 'until threw', cause })
    expect(await server.closed(0)).toBe('client')
  })
})
