import { AsyncLocalStorage } from 'node:async_hooks'
import { createScriptedServer } from '@rxsse/testing'
import { Agent } from 'undici'
import { expect, it } from 'vitest'
import { createFlowGate, fromEventSource, type Transport, undiciTransport } from '../index.ts'

const store = new AsyncLocalStorage<string>()

/** Reads one response, and tells in which contexts its observers are called. */
function contextsOf(name: string, url: string, transport?: Transport): Promise<Set<string | undefined>> {
  const seen = new Set<string | undefined>()
  const look = (): unknown => seen.add(store.getStore())
  return new Promise((resolve, reject) => {
    store.run(name, () => {
      fromEventSource(url, {
        ...(transport && { transport }),
        reconnect: false,
        state: { next: look },
        comments: { next: look },
      }).subscribe({
        next: look,
        error: reject,
        complete: () => {
          look()
          resolve(seen)
        },
      })
    })
  })
}

const BODY = [':hi\n\ndata: a\n\n', { sleep: 5 }, 'data: b\n\n', 'END'] as const

it('streams that share a connection are each called in the context of their own', async () => {
  await using server = await createScriptedServer(() => ({ status: 200, body: BODY }))
  const dispatcher = new Agent({ connections: 1 })
  const transport = undiciTransport({ dispatcher })
  for (const name of ['a', 'b', 'c']) {
    expect(await contextsOf(name, server.url, transport)).toEqual(new Set([name]))
  }
  await dispatcher.destroy()
})

it('an error on a shared connection is told in the context of its stream', async () => {
  await using server = await createScriptedServer(({ index }) => ({
    status: 200,
    body: ['data: a\n\n', index === 0 ? 'END' : 'RST'],
  }))
  const dispatcher = new Agent({ connections: 1 })
  const transport = undiciTransport({ dispatcher })
  await contextsOf('a', server.url, transport)
  const seen = await new Promise((resolve) => {
    store.run('b', () => {
      fromEventSource(server.url, { transport, reconnect: false }).subscribe({
        error: () => resolve(store.getStore()),
      })
    })
  })
  expect(seen).toBe('b')
  await dispatcher.destroy()
})

it('what comes after a gate has opened is told in the context of the stream', async () => {
  await using server = await createScriptedServer(() => ({
    status: 200,
    body: (function* () {
      for (let n = 0; n < 200; n++) yield `data: ${'a'.repeat(10_000)}\n\n`
      yield 'END'
    })(),
  }))
  const gate = createFlowGate({ high: 10, low: 5 })
  const seen = new Set<string | undefined>()
  let done = false
  store.run('a', () => {
    fromEventSource(server.url, { gate, reconnect: false }).subscribe({
      next() {
        seen.add(store.getStore())
        gate.acquire()
      },
      complete: () => {
        done = true
      },
    })
  })
  await store.run('b', async () => {
    while (!done) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      gate.release(10)
    }
  })
  expect(seen).toEqual(new Set(['a']))
})
