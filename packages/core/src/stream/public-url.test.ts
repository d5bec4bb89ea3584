import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { transports } from '../../test/transports.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('what is told', () => {
  for (const [name, transport] of transports) {
    it(`shows no query and no fragment over ${name}, in states and errors`, async () => {
      await using server = await createScriptedServer([
        { status: 302, headers: { location: '/there?token=secret' }, framing: 'length', body: [] },
        { status: 200, body: ['data: a\n\n'] },
        { status: 404, body: [] },
      ])
      const stream = record(`${server.url}here?token=secret#secret`, { transport, reconnect: soon })
      expect(await stream.over()).toMatchObject({ url: `${server.url}here` })
      expect(JSON.stringify(stream.states)).not.toContain('secret')
      expect(stream.states[0]).toMatchObject({ url: `${server.url}here` })
      expect(stream.states[1]).toMatchObject({ url: `${server.url}there` })
    })

    for (const bad of ['wss://a/', 'about:blank', 'mailto:a@b', '', 'http://u:hunter2@a/', undefined, 7]) {
      it(`is the error request for a url factory that answers ${bad}, over ${name}`, async () => {
        await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
        const url = ({ number }: { number: number }) => (number === 1 ? server.url : (bad as string))
        const stream = record(url, {
          transport,
          reconnect: { ...soon, decide: ({ error }) => (error ? 'fail' : 'retry') },
        })
        const error = await stream.over()
        expect(error).toMatchObject({ code: 'request', attempt: 2 })
        expect(`${error?.message} ${JSON.stringify(error)}`).not.toContain('hunter2')
      })
    }
  }
})
