import { createScriptedServer } from '@rxsse/testing'
import { expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { fetchTransport } from '../index.ts'

it('a certificate that does not verify is final', async () => {
  await using server = await createScriptedServer([], { tls: true })
  expect(await record(server.url, { transport: fetchTransport() }).over()).toMatchObject({ code: 'tls' })
  expect(server.requests).toHaveLength(0)
})

it('a custom fetch is used', async () => {
  await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
  const asked: unknown[] = []
  const transport = fetchTransport({
    fetch: (input, init) => {
      asked.push(input)
      return fetch(input, init)
    },
  })
  const stream = record(server.url, { transport, reconnect: false, method: 'POST', body: 'q' })
  expect(await stream.over()).toBeUndefined()
  expect(asked).toEqual([server.url])
  expect(server.requests[0]).toMatchObject({ method: 'POST', body: Buffer.from('q') })
  expect(server.requests[0]?.headers).toMatchObject({
    accept: 'text/event-stream',
    'cache-control': 'no-cache',
  })
})

it('a custom fetch that ignores the signal is ignored after unsubscribing', async () => {
  let answer: (response: Response) => void = () => {}
  const transport = fetchTransport({
    fetch: () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  })
  const stream = record('http://127.0.0.1:9/', { transport })
  await new Promise((resolve) => setTimeout(resolve, 5))
  stream.subscription.unsubscribe()
  answer(eventStream('data: a\n\n'))
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(stream.statuses).toEqual(['connecting', 'closed'])
  expect(stream.data).toEqual([])
})

it('a response without a URL has the URL of its request', async () => {
  const transport = fetchTransport({ fetch: async () => eventStream('data: a\n\n') })
  const stream = record('http://127.0.0.1:9/there', { transport, reconnect: false })
  expect(await stream.over()).toBeUndefined()
  expect(stream.data).toEqual(['a'])
  expect(await stream.state('open')).toMatchObject({ url: 'http://127.0.0.1:9/there' })
})

function eventStream(body: string): Response {
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

it('the error message of a platform’s fetch is shown without the query', async () => {
  // Deno's words.
  const failing = async (url: unknown) => {
    throw new TypeError(`error sending request for url (${url}): client error (Connect): refused`)
  }
  const error = await record('http://127.0.0.1:9/a?token=hunter2', {
    transport: fetchTransport({ fetch: failing }),
    reconnect: false,
  }).over()
  expect(error?.message).toBe(
    'the connection failed: error sending request for url (http://127.0.0.1:9/a?…): client error (Connect): refused',
  )
})
