import { jwtVerify, SignJWT } from 'jose'
import { expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serve } from '../../test/serve.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { Access } from './access.ts'

async function served(access: Access): Promise<{ sink: Sink; url: string }> {
  const sink = createSink({ access })
  onTestFinished(() => sink.close({ drain: 0 }))
  return { sink, url: await serve(sink.handler) }
}

it('a JWT says who a client is', async () => {
  const key = new TextEncoder().encode('a key of thirty-two bytes or more')
  const { sink, url } = await served(async ({ headers }) => {
    const [, token] = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '') ?? []
    if (token === undefined) return { deny: 401 }
    try {
      const { payload } = await jwtVerify(token, key)
      return payload.sub === undefined ? { deny: 403 } : { allow: true, user: payload.sub }
    } catch {
      return { deny: 403 }
    }
  })
  const sign = (expires: string) =>
    new SignJWT().setProtectedHeader({ alg: 'HS256' }).setSubject('42').setExpirationTime(expires).sign(key)
  const asking = (token: string) => openReader(url, { headers: { authorization: `Bearer ${token}` } })
  expect((await openReader(url)).status).toBe(401)
  expect((await asking('none')).status).toBe(403)
  expect((await asking(await sign('-1h'))).status).toBe(403)
  const reader = await asking(await sign('1h'))
  await sink.publish({ data: 'yours' }, { user: '42' })
  expect(await reader.take(1)).toMatchObject([{ data: 'yours' }])
})

it('a session cookie says who a client is', async () => {
  const sessions = new Map([['s3cr3t', '42']])
  const { sink, url } = await served(({ headers }) => {
    const [, session = ''] = /(?:^|;\s*)session=([^;]*)/.exec(headers.get('cookie') ?? '') ?? []
    const user = sessions.get(session)
    return user === undefined ? { deny: 401, challenge: 'Cookie' } : { allow: true, user }
  })
  expect((await openReader(url, { headers: { cookie: 'session=other' } })).status).toBe(401)
  const reader = await openReader(url, { headers: { cookie: 'theme=dark; session=s3cr3t' } })
  await sink.publish({ data: 'yours' }, { user: '42' })
  expect(await reader.take(1)).toMatchObject([{ data: 'yours' }])
})
