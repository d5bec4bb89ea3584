import type { SseEvent } from '@rxsse/operators'
import { firstValueFrom, from, type Observable, toArray } from 'rxjs'
import { expect, it } from 'vitest'
import type { Price, Quake } from '../feed/feed-events.ts'
import { loadTimeline } from '../feed/timeline.ts'
import { BANDS, findBand } from '../messages/magnitude-bands.ts'
import { createReplayPipeline } from './replay-pipeline.ts'

const HOUR = 3_600_000
const timeline = loadTimeline()
const lap = Array.from({ length: 1_848 }, (_, i) => timeline.at(i + 1))
const events: readonly SseEvent[] = lap.map(({ id, type, data }) => ({ type, data, lastEventId: String(id) }))
const quakes = lap.flatMap(({ type, data }) => (type === 'quake' ? [JSON.parse(data) as Quake] : []))
const prices = lap.flatMap(({ type, data }) => (type === 'price' ? [JSON.parse(data) as Price] : []))

const pipeline = (source: readonly SseEvent[]) => createReplayPipeline(from(source), () => {})
const all = <T>(result: Observable<T>): Promise<T[]> => firstValueFrom(result.pipe(toArray()))

it('emits the same result for each hour and band of the real week as a simple count', async () => {
  const byHand = new Map<string, Quake[]>()
  for (const quake of quakes) {
    const cell = `${Math.floor(quake.time / HOUR) * HOUR} ${findBand(quake.magnitude)}`
    byHand.set(cell, [...(byHand.get(cell) ?? []), quake])
  }
  const results = await all(pipeline(events).quakes)
  expect(results).toHaveLength(byHand.size)
  for (const { window, band, count, strongest } of results) {
    const cell = byHand.get(`${window.start} ${band}`) ?? []
    expect(window.end - window.start).toBe(HOUR)
    expect(count).toBe(cell.length)
    expect(strongest.magnitude).toBe(Math.max(...cell.map(({ magnitude }) => magnitude)))
    expect(cell.map(({ place }) => place)).toContain(strongest.place)
  }
  expect(results.reduce((sum, { count }) => sum + count, 0)).toBe(quakes.length)
})

it('emits every close, and a move for each change of more than 2%', async () => {
  expect(await all(pipeline(events).prices)).toEqual(prices.map(({ date, close }) => ({ date, close })))
  const byHand = prices.flatMap(({ date, close }, day) => {
    const before = prices[day - 1]
    const change = before === undefined ? 0 : close / before.close - 1
    return Math.abs(change) > 0.02 ? [{ date, close, change }] : []
  })
  expect(byHand.length).toBeGreaterThan(10)
  expect(await all(pipeline(events).moves)).toEqual(byHand)
})

it('emits no move from the last day of the data to the first day of the next lap', async () => {
  const days = [
    { date: '2020-04-17', close: 2_874, lap: 0 },
    { date: '2000-01-03', close: 1_455, lap: 1 },
  ]
  const again = days.map((day) => ({ type: 'price', data: JSON.stringify(day), lastEventId: '' }))
  expect(await all(pipeline(again).moves)).toEqual([])
})

it('reports unusable events as dropped and continues', async () => {
  let dropped = 0
  const unusable = [
    { type: 'quake', data: 'no JSON', lastEventId: '1' },
    { type: 'quake', data: '{"magnitude":"strong"}', lastEventId: '2' },
    { type: 'volcano', data: '{}', lastEventId: '3' },
    ...events.slice(0, 50),
  ]
  let results = 0
  createReplayPipeline(from(unusable), () => {
    dropped += 1
  }).quakes.subscribe(() => {
    results += 1
  })
  expect(dropped).toBe(3)
  expect(results).toBeGreaterThan(0)
})

it('maps every magnitude to one band', () => {
  expect([-1, 0.99, 1, 2.5, 4.49, 4.5, 9].map(findBand)).toEqual(
    [0, 0, 1, 2, 2, 3, 3].map((band) => BANDS[band]?.name),
  )
})
