import type { RecordedRequest } from '@rxsse/testing'
import { expect, it } from 'vitest'
import { createFeed } from './feed.ts'

const visited = Promise.resolve()
const feed = (text: string, method = 'GET') => {
  const answer = createFeed({ line: 1, method, url: 'https://example.com/', text })
  return (lastEventId = '', headers: Record<string, string> = {}) =>
    answer({ method, path: '/', lastEventId, headers } as RecordedRequest, visited)
}
const body = (...steps: readonly unknown[]) => expect.objectContaining({ status: 200, body: steps })

it('a stream with ids continues after the requested id, and ends if nothing is left', () => {
  const ask = feed('id: 1\ndata: a\n\nid: 2\ndata: b\n\n')
  expect(ask()).toEqual(body('retry: 10\n\n', 'id: 1\ndata: a\n\n', 'id: 2\ndata: b\n\n'))
  expect(ask('1')).toEqual(body('retry: 10\n\n', 'id: 2\ndata: b\n\n'))
  expect(ask('2')).toBeUndefined()
  expect(ask('3')).toBeUndefined()
  expect(ask()).toBeDefined()
})

it('a stream without ids is sent once, but to every POST', () => {
  const get = feed('data: a\n\n')
  expect([get(), get()]).toEqual([body('retry: 10\n\n', 'data: a\n\n'), undefined])
  const post = feed('data: a\n\n', 'POST')
  expect(post()).toEqual(post())
})

it('a cut sends half an event, and an end completes it', () => {
  expect(feed('@as-is\ndata: a\n\ndata: half\nCUT\n')()).toEqual(body('data: a\n\n', 'data: half\n', 'CUT'))
  expect(feed('retry: 5\n\ndata: a\nEND\n')()).toEqual(body('retry: 5\n\n', 'data: a\n\n', 'END'))
})

it('each connection gets the next section', () => {
  const ask = feed('@as-is\n@status 503\n---\ndata: b\n\n')
  expect(ask()).toMatchObject({ status: 503 })
  expect(ask()).toEqual(body('data: b\n\n'))
  expect(ask()).toBeUndefined()
})

it('headers are required and sent', () => {
  const ask = feed('@401 unless authorization: Bearer …\n@header retry-after: 1\n@as-is\ndata: a\n\n')
  expect(ask()).toMatchObject({ status: 401 })
  expect(ask('', { authorization: 'Bearer x' })).toMatchObject({
    status: 200,
    headers: { 'retry-after': '1' },
  })
})

it('a late head holds the whole response back', async () => {
  const ask = feed('@late-head 1\n@as-is\ndata: a\n\n---\n@as-is\ndata: b\n\n')
  const first = ask()
  expect(first).toBeInstanceOf(Promise)
  expect(await first).toEqual(body('data: a\n\n'))
  expect(ask()).toEqual(body('data: b\n\n'))
})

it('an unknown command is an error', () => {
  expect(() => feed('@stauts 503\n')()).toThrow('unknown command in a feed: @stauts 503')
})
