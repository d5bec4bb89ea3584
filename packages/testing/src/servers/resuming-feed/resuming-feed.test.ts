import { connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createResumingFeed, type ResumingFeedOptions, type ScriptedServer } from '../../index.ts'

let feed: ScriptedServer

afterEach(() => feed.close())

async function ask(options: ResumingFeedOptions, lastEventId?: string): Promise<string> {
  feed = await createResumingFeed(options)
  return exchange(lastEventId)
}

async function exchange(lastEventId?: string): Promise<string> {
  const socket = connect(feed.port, '127.0.0.1').on('error', () => {})
  socket.write(
    `GET / HTTP/1.1\r\n${lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`}\r\n`,
  )
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  await new Promise((resolve) => socket.on('close', resolve))
  return text
}

const head =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
const first = '15\r\nid: 1\ndata: event 1\n\n\r\n'
const second = '15\r\nid: 2\ndata: event 2\n\n\r\n'

it('a connection without a loss carries all events and ends', async () => {
  expect(await ask({ messages: 2 })).toBe(`${head}${first}${second}0\r\n\r\n`)
})

it('a response starts after the Last-Event-ID of its request, and is 204 after the last event', async () => {
  expect(await ask({ messages: 2 }, '1')).toBe(`${head}${second}0\r\n\r\n`)
  expect(await exchange('2')).toMatch(/^HTTP\/1\.1 204 /)
})

it('each connection is lost as the schedule says', async () => {
  feed = await createResumingFeed({
    messages: 2,
    disconnects: [
      { part: 'head', bytes: 0, by: 'FIN' },
      { part: 'head', bytes: 12, by: 'END' },
      { part: 'body', bytes: 5, by: 'FIN' },
      { part: 'body', bytes: 5, by: 'END' },
      { part: 'body', bytes: 0, by: 'END' },
      { part: 'body', bytes: 10_000, by: 'FIN' },
    ],
  })
  expect(await exchange()).toBe('')
  expect(await exchange()).toBe('HTTP/1.1 200')
  expect(await exchange()).toBe(`${head}15\r\ni`)
  expect(await exchange()).toBe(`${head}5\r\nid: 1\r\n0\r\n\r\n`)
  expect(await exchange()).toBe(`${head}0\r\n\r\n`)
  expect(await exchange()).toBe(`${head}${first}${second}`)
  expect(await exchange()).toBe(`${head}${first}${second}0\r\n\r\n`)
})

it('a silent connection stays open until the client leaves', async () => {
  feed = await createResumingFeed({
    messages: 2,
    disconnects: [{ part: 'body', bytes: first.length, by: 'SILENCE' }],
  })
  const socket = connect(feed.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\n\r\n')
  let text = ''
  await new Promise<void>((resolve) =>
    socket.on('data', (chunk: Buffer) => {
      text += chunk
      if (text === `${head}${first}`) resolve()
    }),
  )
  expect(feed.requests[0]?.endedAt).toBeUndefined()
  socket.destroy()
  expect(await feed.closed(0)).toBe('client')
})

it('sends a reconnection time, and given messages', async () => {
  expect(await ask({ messages: [{ id: 'a', data: 'x' }], retry: 7 })).toBe(
    `${head}a\r\nretry: 7\n\n\r\nf\r\nid: a\ndata: x\n\n\r\n0\r\n\r\n`,
  )
})

it('an unknown id closes the connection, and close() rejects with an error that names it', async () => {
  expect(await ask({ messages: 2 }, '9')).toBe('')
  await expect(feed.close()).rejects.toThrow(
    'request 0 has the Last-Event-ID "9", which the feed did not send',
  )
  feed = await createResumingFeed({ messages: 1 })
})

it('throws if messages have no unique id', async () => {
  feed = await createResumingFeed({ messages: 1 })
  const twins = [
    { id: 'a', data: '' },
    { id: 'a', data: '' },
  ]
  await expect(createResumingFeed({ messages: twins })).rejects.toThrow(TypeError)
  await expect(createResumingFeed({ messages: [{ id: '', data: '' }] })).rejects.toThrow(TypeError)
})
