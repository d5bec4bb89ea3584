import { createFlowGate, fromEventSource } from '@rxsse/core'
import { createScriptedServer, type Step } from '@rxsse/testing'
import { lastValueFrom, map, type Observable, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { reorder } from '../window/reorder.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { mergeFeeds } from './merge-feeds.ts'
import { createProgress, type Progress } from './progress.ts'

interface Reading {
  readonly feed: string
  /** Milliseconds of event time. */
  readonly at: number
}

const RECONNECT = { initialDelay: '150ms', minDelay: '150ms', maxServerDelay: '150ms', jitter: 0 } as const

/** Event `id` happened at `id * 10`. */
const block = (id: number) => `id: ${id}\ndata: ${id * 10}\n\n`
const blocks = (first: number, last: number): Step =>
  Array.from({ length: last - first + 1 }, (_, i) => block(first + i)).join('')

function answer(...body: readonly Step[]) {
  return { status: 200, body }
}

function read(feed: string, url: string, options: object): Observable<Reading> {
  return fromEventSource(url, { reconnect: RECONNECT, ...options }).pipe(
    map(({ data }) => ({ feed, at: Number(data) })),
  )
}

/** Counts the readings in windows of 100 ms. */
function countWindows(
  events: Observable<Reading>,
  options: { readonly progress?: Progress; readonly idle?: number },
) {
  const late: Reading[] = []
  const { progress, idle = false } = options
  const windows = events.pipe(
    windowAggregate(tumbling(100), {
      timestamp: (r) => r.at,
      idle,
      ...(progress !== undefined && { progress, feed: (r: Reading) => r.feed }),
      late: (r) => late.push(r),
      aggregates: (a) => ({ n: a.count() }),
    }),
    map(({ window, value }) => [window.start, value.n] as const),
    toArray(),
  )
  return { late, windows }
}

describe('a feed', () => {
  it('has nothing late when one of two feeds is cut and resumes', async () => {
    // Each feed has the events 1 to 60. One loses its connection after the 10th, while the other goes on to the end.
    await using ams = await createScriptedServer([answer(blocks(1, 60))])
    await using par = await createScriptedServer([answer(blocks(1, 10), 'CUT'), answer(blocks(11, 60))])
    const { events, progress } = mergeFeeds({
      ams: (feed) => read('ams', ams.url, feed),
      par: (feed) => read('par', par.url, feed),
    })
    const readings = events.pipe(map(({ value }) => value))
    const { late, windows } = countWindows(readings, { progress })
    expect(await lastValueFrom(windows)).toEqual([
      [0, 18],
      ...[100, 200, 300, 400, 500].map((start) => [start, 20]),
      [600, 2],
    ])
    expect(late).toEqual([])
    expect(par.requests[1]?.lastEventId).toBe('10')
  })

  it('is in order in `reorder` too', async () => {
    await using ams = await createScriptedServer([answer(blocks(1, 60))])
    await using par = await createScriptedServer([answer(blocks(1, 10), 'CUT'), answer(blocks(11, 60))])
    const { events, progress } = mergeFeeds({
      ams: (feed) => read('ams', ams.url, feed),
      par: (feed) => read('par', par.url, feed),
    })
    const late: unknown[] = []
    const times = events.pipe(
      reorder({ progress, feed: (e) => e.feed, timestamp: (e) => e.value.at, late: (e) => late.push(e) }),
      map(({ value }) => value.at),
      toArray(),
    )
    const seen = await lastValueFrom(times)
    expect(late).toEqual([])
    expect(seen).toEqual(Array.from({ length: 120 }, (_, i) => Math.floor(i / 2 + 1) * 10))
  })

  it.each([
    { title: 'has every event of a long outage, although `idle` is short', withProgress: true },
    { title: 'is late after an outage if nobody tells why it was silent', withProgress: false },
  ])('$title', async ({ withProgress }) => {
    await using server = await createScriptedServer([answer(blocks(1, 5), 'CUT'), answer(blocks(6, 30))])
    const progress = createProgress()
    const fragment = progress.feed('only')
    const { late, windows } = countWindows(read('only', server.url, withProgress ? fragment : {}), {
      idle: 20,
      ...(withProgress && { progress }),
    })
    const counts = await lastValueFrom(windows)
    if (withProgress) {
      expect(late).toEqual([])
      expect(counts).toEqual([
        [0, 9],
        [100, 10],
        [200, 10],
        [300, 1],
      ])
    } else expect(late.length).toBeGreaterThan(0)
  })

  it.each([
    { title: 'has nothing late when a gate is shut for longer than `idle`', withProgress: true },
    { title: 'is late after its gate was shut if nobody tells why it was silent', withProgress: false },
  ])('$title', async ({ withProgress }) => {
    const gate = createFlowGate({ high: 10, low: 5 })
    let goOn = () => {}
    const isShut = new Promise<void>((resolve) => {
      goOn = resolve
    })
    // One read after the gate has shut is still delivered, so the 6th event is sent alone.
    await using server = await createScriptedServer([
      answer(blocks(1, 5), { until: isShut }, block(6), { sleep: 20 }, blocks(7, 30)),
    ])
    const progress = createProgress()
    const options = withProgress ? progress.feed('only', { gate }) : { gate }
    let arrivedWhileShut = 0
    let arrived = 0
    const source = read('only', server.url, options).pipe(
      map((reading) => {
        arrived++
        if (arrived !== 5) return reading
        gate.acquire(10)
        setTimeout(goOn)
        setTimeout(() => {
          arrivedWhileShut = arrived
          gate.release(10)
        }, 200)
        return reading
      }),
    )
    const { late, windows } = countWindows(source, { idle: 20, ...(withProgress && { progress }) })
    const counts = await lastValueFrom(windows)
    expect([arrivedWhileShut, arrived]).toEqual([6, 30])
    if (withProgress) {
      expect(late).toEqual([])
      expect(counts.map(([, n]) => n)).toEqual([9, 10, 10, 1])
    } else expect(late.length).toBeGreaterThan(0)
  })
})
