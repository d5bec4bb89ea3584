import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { memoryLog } from '@rxsse/server'
import { expect, it, onTestFinished } from 'vitest'
import { createRequestHandler } from './request-handler.ts'

async function listen(): Promise<(target: string) => Promise<string>> {
  const mount = (name: string) => ({
    handler: (_: unknown, response: { end(text: string): unknown }) => void response.end(name),
  })
  const handler = createRequestHandler({
    log: memoryLog({ capacity: 10 }),
    sink: mount('the sink'),
    inspector: mount('the inspector'),
  })
  const server = createServer(handler).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (target) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(`GET ${target} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n`)
    return text(socket)
  }
}

it('passes a request to what is mounted at its path, with any query', async () => {
  const get = await listen()
  expect(await get('/sse?event_type=minute')).toContain('the sink')
  expect(await get('/inspector')).toContain('the inspector')
  expect(await get('/?x')).toContain('<!doctype html>')
})

it('answers any request line', async () => {
  const get = await listen()
  for (const target of ['//', '/sse/constructor', '/__proto__', '*'])
    expect(await get(target), target).toMatch(/^HTTP\/1.1 404 /)
})
