import { Agent, request } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createScriptedHttp2Server, createScriptedServer, testCertificate } from '../index.ts'
import { type Scenario, scenarios } from './scenarios.ts'

const EVENTS = ['a', 'b\nc', 'd']
const TEXTS = ['id: 1\ndata: a\n\n', 'id: 2\ndata: b\ndata: c\n\n', 'id: 3\ndata: d\n\n']

const protocols = {
  'HTTP/1.1': ({ http1 }: Scenario) => createScriptedServer(http1),
  'HTTP/2': ({ http2 }: Scenario) => createScriptedHttp2Server(http2),
}

describe.each(Object.entries(protocols))('over %s', (protocol, createServer) => {
  /** Asks once. The body is that which arrived, and whether it was cut. */
  async function open(scenario: Scenario) {
    const server = await createServer(scenario)
    onTestFinished(() => server.close())
    const dispatcher = new Agent({ allowH2: true, connect: { ca: testCertificate.cert } })
    onTestFinished(() => dispatcher.destroy())
    return async (lastEventId?: string) => {
      const sentAt = performance.now()
      const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
      const { statusCode, body } = await request(server.url, { dispatcher, headers })
      const headAfter = performance.now() - sentAt
      let text = ''
      let isCut = false
      try {
        for await (const bytes of body) text += bytes
      } catch {
        isCut = true
      }
      return { statusCode, text, isCut, headAfter }
    }
  }

  it('a late head comes with the events', async () => {
    const ask = await open(scenarios.lateHead({ delay: 80, events: EVENTS }))
    const { text, headAfter } = await ask('1')
    expect(text).toBe(TEXTS[1] + (TEXTS[2] as string))
    expect(headAfter).toBeGreaterThan(70)
    expect((await ask('3')).statusCode).toBe(204)
  })

  it('polling ends each response after a page, and is over after the last', async () => {
    const ask = await open(scenarios.polling({ events: EVENTS, pageSize: 2, retry: 10 }))
    expect(await ask()).toMatchObject({ text: `retry: 10\n\n${TEXTS[0]}${TEXTS[1]}`, isCut: false })
    expect(await ask('2')).toMatchObject({ text: `retry: 10\n\n${TEXTS[2]}`, isCut: false })
    expect((await ask('3')).statusCode).toBe(204)
  })

  it('polling may have empty pages', async () => {
    const ask = await open(scenarios.polling({ events: EVENTS, emptyPages: true }))
    expect([(await ask()).text, (await ask('1')).text, (await ask('1')).text]).toEqual([
      TEXTS[0],
      '',
      TEXTS[1],
    ])
  })

  it.each([0, 5, TEXTS[0]?.length as number, Number.POSITIVE_INFINITY])(
    'a reset after %d bytes cuts the body once, or as often as told',
    async (at) => {
      const ask = await open(scenarios.reset({ events: EVENTS, at, code: 'INTERNAL_ERROR', times: 2 }))
      const whole = TEXTS.join('')
      expect(await ask()).toMatchObject({ text: whole.slice(0, at), isCut: true })
      expect(await ask('3')).toMatchObject({ text: '', isCut: true })
      expect(await ask()).toMatchObject({ text: whole, isCut: false })
      expect((await ask('3')).statusCode).toBe(204)
    },
  )

  it('a reset without END_STREAM or a last chunk is told from an end', async () => {
    const ask = await open(scenarios.reset({ events: EVENTS, at: 20 }))
    // undici takes a reset with NO_ERROR for an end, so only the text shows the cut there.
    expect(await ask()).toMatchObject({ text: TEXTS.join('').slice(0, 20), isCut: protocol === 'HTTP/1.1' })
  })
})
