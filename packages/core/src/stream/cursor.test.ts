import { createScriptedServer } from '@rxsse/testing'
import { take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { fromEventSource } from '../index.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('the cursor', () => {
  it('is told after each event, also for filtered events and blocks without data', async () => {
    const blocks =
      'id: 1\ndata: a\n\nid: 2\nevent: common\ndata\n\nid: 3\n\ndata: b\n\nid: 4\ndata: c\n\nid:\n\nid: 6\n\n'
    await using server = await createScriptedServer([{ status: 200, body: [blocks, 'HOLD'] }])
    const told: string[] = []
    const subscription = fromEventSource(server.url, {
      events: ['message'],
      cursor: { next: (id) => told.push(`cursor ${id}`) },
    }).subscribe(({ data, lastEventId }) => told.push(`${data} ${lastEventId}`))
    await expect.poll(() => told.at(-1)).toBe('cursor 6')
    subscription.unsubscribe()
    expect(told).toEqual([
      'a 1',
      'cursor 1',
      'cursor 2',
      'cursor 3',
      'b 3',
      'c 4',
      'cursor 4',
      'cursor ',
      'cursor 6',
    ])
  })

  it('is not told of an event whose operator threw, nor of those after it', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n', 'HOLD'] },
    ])
    const told: string[] = []
    const handle = ({ data }: { data: string }): void => {
      if (data === 'b') throw new Error('boom')
    }
    const events = fromEventSource(server.url, { cursor: { next: (id) => void told.push(id) } })
    const error = await new Promise((resolve) => void events.pipe(tap(handle)).subscribe({ error: resolve }))
    expect(error).toMatchObject({ message: 'boom' })
    expect(await server.closed(0)).toBe('client')
    expect(told).toEqual(['1'])
  })

  it('is what a restarted reader resumes from, although it filters the last events out', async () => {
    const body = ['event: rare\nid: 1\ndata: a\n\n']
    for (let id = 2; id <= 300; id++) body.push(`event: common\nid: ${id}\ndata: b\n\n`)
    await using server = await createScriptedServer([
      { status: 200, body: [...body, 'HOLD'] },
      { status: 200, body: [...body, 'CUT'] },
      { status: 200, body: ['event: rare\nid: 301\ndata: c\n\nevent: common\nid: 302\ndata: d\n\n', 'HOLD'] },
      { status: 200, body: ['HOLD'] },
    ])
    let saved: string | undefined
    const read = () =>
      record(server.url, {
        events: ['rare'],
        lastEventId: () => saved,
        cursor: {
          next(id) {
            saved = id
          },
        },
        reconnect: soon,
      })
    const first = read()
    await expect.poll(() => saved).toBe('300')
    first.subscription.unsubscribe()
    const second = read()
    await expect.poll(() => saved).toBe('302')
    second.subscription.unsubscribe()
    const third = read()
    await server.request(3)
    third.subscription.unsubscribe()
    expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual(['', '300', '300', '302'])
  })

  it('is told before the first event if the server sends a block with an ID alone', async () => {
    await using server = await createScriptedServer([{ status: 200, body: [': hi\n\nid: 41\n\n', 'HOLD'] }])
    const told: string[] = []
    const stream = record(server.url, { cursor: { next: (id) => told.push(id) } })
    await expect.poll(() => told).toEqual(['41'])
    expect(stream.events).toEqual([])
    stream.subscription.unsubscribe()
  })

  it('is not told for an event during which the reader unsubscribes, nor for a block that is unfinished', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n', 'HOLD'] },
      { status: 200, body: ['id: 1\ndata: a\n\nid: 2\ndata: b'] },
    ])
    const told: string[] = []
    const cursor = { next: (id: string) => told.push(id) }
    await new Promise<void>((resolve) => {
      fromEventSource(server.url, { cursor })
        .pipe(take(2))
        .subscribe({ complete: () => resolve() })
    })
    expect(told.splice(0)).toEqual(['1'])
    const stream = record(server.url, { cursor, reconnect: false })
    expect(await stream.over()).toMatchObject({ code: 'incomplete' })
    expect(told).toEqual(['1'])
  })

  it('may unsubscribe', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['id: 1\n\nid: 2\ndata: b\n\n', 'HOLD'] },
    ])
    const told: string[] = []
    const data: string[] = []
    const subscription = fromEventSource(server.url, {
      cursor: {
        next(id) {
          told.push(id)
          subscription.unsubscribe()
        },
      },
    }).subscribe((event) => data.push(event.data))
    expect(await server.closed(0)).toBe('client')
    expect(told).toEqual(['1'])
    expect(data).toEqual([])
  })
})
