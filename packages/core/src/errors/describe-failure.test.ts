import type { lookup } from 'node:dns'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Agent } from 'undici'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { transports } from '../../test/transports.ts'
import { undiciTransport } from '../index.ts'
import { isTlsError } from '../transport/tls-error.ts'
import { describeFailure } from './describe-failure.ts'

/** A port that refuses connections. */
async function findClosedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('a refused connection', () => {
  it.each(transports)('over %s says so', async (_, transport) => {
    const error = await record(`http://127.0.0.1:${await findClosedPort()}/`, {
      transport,
      reconnect: false,
    }).over()
    expect(error).toMatchObject({ code: 'network' })
    expect(error?.message).toMatch(/^the connection failed: .*(ECONNREFUSED|refused)/)
  })

  it('on IPv4 and IPv6 names both addresses', async () => {
    const port = await findClosedPort()
    const bothFamilies: typeof lookup = ((_: string, __: object, callback: (...given: unknown[]) => void) => {
      callback(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ])
    }) as never
    const dispatcher = new Agent({ connect: { lookup: bothFamilies, autoSelectFamily: true } })
    const transport = undiciTransport({ dispatcher })
    const error = await record(`http://localhost:${port}/`, { transport, reconnect: false }).over()
    expect(error?.cause).toBeInstanceOf(AggregateError)
    expect(error?.message).toMatch(
      /^the connection failed: connect \w+ 127\.0\.0\.1:\d+.*; connect \w+ ::1:\d+/,
    )
    await dispatcher.destroy()
  })
})

describe('the message of a failure', () => {
  it('is what the innermost causes say, once each', () => {
    const refused = new Error('refused')
    const cause = new TypeError('fetch failed', {
      cause: new AggregateError([
        refused,
        new Error('refused'),
        new Error('', { cause: new Error('unreachable') }),
      ]),
    })
    expect(describeFailure('network', cause, false)).toBe('the connection failed: refused; unreachable')
  })

  it('is the code of an error without a message', () => {
    expect(describeFailure('network', Object.assign(new Error(), { code: 'ECONNREFUSED' }), false)).toBe(
      'the connection failed: ECONNREFUSED',
    )
    expect(describeFailure('network', new AggregateError([]), false)).toBe('the connection failed')
    expect(describeFailure('network', 'text', false)).toBe('the connection failed')
  })

  it('ends at a cause that is its own cause', () => {
    const error = new Error('round')
    error.cause = error
    expect(describeFailure('network', error, false)).toBe('the connection failed: round')
  })

  it('quotes no query and no request', () => {
    expect(describeFailure('network', new Error('for url (http://a/?token=hunter2)'), false)).not.toContain(
      'hunter2',
    )
    expect(describeFailure('request', new Error('hunter2'), false)).not.toContain('hunter2')
    expect(describeFailure('request', new Error('no stream'), true)).toBe(
      'the response cannot be read: no stream',
    )
  })
})

it('a certificate that does not verify is found within other errors', () => {
  const expired = Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' })
  expect(
    isTlsError(new TypeError('fetch failed', { cause: new AggregateError([new Error(), expired]) })),
  ).toBe(true)
  expect(isTlsError(Object.assign(new Error(), { code: 'UNSPECIFIED' }))).toBe(true)
  expect(isTlsError(Object.assign(new Error(), { code: 'ECONNREFUSED' }))).toBe(false)
})
