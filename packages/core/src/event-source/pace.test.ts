import { createScriptedServer } from '@rxsse/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { EventSource } from './event-source.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
  vi.resetModules()
})

/** Imports a module as if `setImmediate` were this when it is loaded. */
async function importWith<T>(setImmediate: unknown, load: () => Promise<T>): Promise<T> {
  vi.stubGlobal('setImmediate', setImmediate)
  vi.resetModules()
  return await load()
}

it('reading stops while a thousand events wait for their tasks', async () => {
  let sent = 0
  let left = 20_000
  await using server = await createScriptedServer(() => ({
    status: 200,
    body: (function* () {
      for (; left > 0; left--) {
        sent++
        yield `data: ${'a'.repeat(2000)}\n\n`
      }
      yield 'HOLD'
    })(),
  }))
  const waiting: (() => void)[] = []
  const { EventSource } = await importWith(
    (task: () => void) => waiting.push(task),
    () => import('./event-source.ts'),
  )
  const source = new EventSource(server.url)
  let got = 0
  source.onmessage = () => got++
  await expect.poll(() => waiting.length).toBeGreaterThanOrEqual(1000)
  let before = -1
  while (sent !== before) {
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(waiting.length).toBeLessThan(5000)
  expect(sent).toBeLessThan(20_000)
  await expect
    .poll(() => {
      for (const task of waiting.splice(0)) task()
      return got
    })
    .toBe(20_000)
  source.close()
})

it('the cursor is told after the events up to it were dispatched, and not after close', async () => {
  await using server = await createScriptedServer(() => ({
    status: 200,
    body: ['id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\nid: 4\ndata: c\n\n', 'HOLD'],
  }))
  for (const closeAt of ['never', 'b']) {
    const log: string[] = []
    const source = new EventSource(server.url, { cursor: { next: (id) => log.push(`cursor ${id}`) } })
    source.onmessage = ({ data }) => {
      log.push(data)
      if (data === closeAt) source.close()
    }
    const whole = ['a', 'cursor 1', 'b', 'cursor 2', 'cursor 3', 'c', 'cursor 4']
    await expect.poll(() => log).toEqual(closeAt === 'b' ? whole.slice(0, 3) : whole)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(log).toHaveLength(closeAt === 'b' ? 3 : 7)
    source.close()
  }
})

it('tasks run in order, with microtasks in between, where there is no setImmediate', async () => {
  const { queueTask } = await importWith(undefined, () => import('./queue-task.ts'))
  const ran: string[] = []
  await new Promise<void>((resolve) => {
    queueTask(() => {
      ran.push('first')
      Promise.resolve()
        .then(() => {})
        .then(() => ran.push('microtask'))
    })
    queueTask(() => {
      ran.push('second')
      resolve()
    })
    ran.push('after')
  })
  expect(ran).toEqual(['after', 'first', 'microtask', 'second'])
})

it('events are dispatched while a test has faked all timers', async () => {
  await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
  vi.useFakeTimers()
  const source = new EventSource(server.url)
  const data = await new Promise((resolve) => {
    source.onmessage = (event) => resolve(event.data)
  })
  source.close()
  expect(data).toBe('a')
})
