import { jwtVerify, SignJWT } from 'jose'
import { expect, it } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'
import type { Access } from './access.ts'

it('a JWT identifies a client', async () => {
  const key = new TextEncoder().encode('a key of thirty-two bytes or more')
  const access: Access = async ({ headers }) => {
    const [, token] = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '') ?? []
    if (token === undefined) return { deny: 401 }
    try {
      const { payload } = await jwtVerify(token, key)
      return payload.sub === undefined ? { deny: 403 } : { allow: true, user: payload.sub }
    } catch {
      return { deny: 403 }
    }
  }
  const { sink, url } = await serveTestSink({ access })
  const sign = (expires: string) =>
    new SignJWT().setProtectedHeader({ alg: 'HS256' }).setSubject('42').setExpirationTime(expires).sign(key)
  const openWith = (token: string) => openReader(url, { headers: { authorization: `Bearer ${token}` } })
  expect((await openReader(url)).status).toBe(401)
  expect((await openWith('none')).status).toBe(403)
  expect((await openWith(await sign('-1h'))).status).toBe(403)
  const reader = await openWith(await sign('1h'))
  await sink.publish({ data: 'yours' }, { user: '42' })
  expect(await reader.take(1)).toMatchObject([{ data: 'yours' }])
})

it('a session cookie identifies a client', async () => {
  const sessions = new Map([['s3cr3t', '42']])
  const access: Access = ({ headers }) => {
    const [, session = ''] = /(?:^|;\s*)session=([^;]*)/.exec(headers.get('cookie') ?? '') ?? []
    const user = sessions.get(session)
    return user === undefined ? { deny: 401, challenge: 'Cookie' } : { allow: true, user }
  }
  const { sink, url } = await serveTestSink({ access })
  expect((await openReader(url, { headers: { cookie: 'session=other' } })).status).toBe(401)
  const reader = await openReader(url, { headers: { cookie: 'theme=dark; session=s3cr3t' } })
  await sink.publish({ data: 'yours' }, { user: '42' })
  expect(await reader.take(1)).toMatchObject([{ data: 'yours' }])
})
