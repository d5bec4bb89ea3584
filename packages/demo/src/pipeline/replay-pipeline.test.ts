import type { SseEvent } from '@rxsse/operators'
import { from, lastValueFrom, toArray } from 'rxjs'
import { expect, it } from 'vitest'
import type { Price, Quake } from '../feed/feed-events.ts'
import { loadTimeline } from '../feed/timeline.ts'
import { BANDS, findBand } from '../messages/magnitude-bands.ts'
import type { Message, Messages } from '../messages/messages.ts'
import { createReplayPipeline, findRegion } from './replay-pipeline.ts'

const HOUR = 3_600_000
const timeline = loadTimeline()
const lap = Array.from({ length: 1_848 }, (_, i) => timeline.at(i + 1))
const events: readonly SseEvent[] = lap.map(({ id, type, data }) => ({ type, data, lastEventId: String(id) }))
const quakes = lap.flatMap(({ type, data }) => (type === 'quake' ? [JSON.parse(data) as Quake] : []))
const prices = lap.flatMap(({ type, data }) => (type === 'price' ? [JSON.parse(data) as Price] : []))

async function run<T extends Message['type']>(source: readonly SseEvent[], type: T): Promise<Messages[T][]> {
  const results = await lastValueFrom(createReplayPipeline(from(source)).results.pipe(toArray()))
  return results.flatMap((result) => (result.type === type ? [result.data as Messages[T]] : []))
}

it('emits the same result for each hour and band of the real week as a simple count', async () => {
  const byHand = new Map<string, Quake[]>()
  for (const quake of quakes) {
    const cell = `${Math.floor(quake.time / HOUR) * HOUR} ${findBand(quake.magnitude)}`
    byHand.set(cell, [...(byHand.get(cell) ?? []), quake])
  }
  const results = await run(events, 'quakes')
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

it('emits an alert for the first strong earthquake of a region, and for the next one a day later', async () => {
  const lastAlert = new Map<string, number>()
  const byHand = quakes.filter(({ magnitude, place, time }) => {
    const region = findRegion(place)
    if (magnitude < 4.5 || time < (lastAlert.get(region) ?? Number.NEGATIVE_INFINITY) + 24 * HOUR)
      return false
    lastAlert.set(region, time)
    return true
  })
  expect(byHand.length).toBeGreaterThan(lastAlert.size)
  expect((await run(events, 'alert')).map(({ time }) => time)).toEqual(byHand.map(({ time }) => time))
})

it('emits every close, and a move for each change of more than 2%', async () => {
  expect(await run(events, 'price')).toEqual(prices.map(({ date, close }) => ({ date, close })))
  const byHand = prices.flatMap(({ date, close }, day) => {
    const before = prices[day - 1]
    const change = before === undefined ? 0 : close / before.close - 1
    return Math.abs(change) > 0.02 ? [{ date, close, change }] : []
  })
  expect(byHand.length).toBeGreaterThan(10)
  expect(await run(events, 'move')).toEqual(byHand)
})

it('emits no move from the last day of the data to the first day of the next lap', async () => {
  const days = [
    { date: '2020-04-17', close: 2_874, lap: 0 },
    { date: '2000-01-03', close: 1_455, lap: 1 },
  ]
  const again = days.map((day) => ({ type: 'price', data: JSON.stringify(day), lastEventId: '' }))
  expect(await run(again, 'move')).toEqual([])
})

it('leaves unusable events out and continues', async () => {
  const unusable = [
    { type: 'quake', data: 'no JSON', lastEventId: '1' },
    { type: 'quake', data: '{"magnitude":"strong"}', lastEventId: '2' },
    { type: 'volcano', data: '{}', lastEventId: '3' },
  ]
  const usable = events.slice(0, 50)
  expect(await run([...unusable, ...usable], 'quakes')).toEqual(await run(usable, 'quakes'))
})

it.each([
  ['55km WSW of Calingasta, Argentina', 'Argentina'],
  ['Reykjanes Ridge', 'Reykjanes Ridge'],
])('the region of %s is %s', (place, region) => {
  expect(findRegion(place)).toBe(region)
})

it('maps every magnitude to one band', () => {
  expect([-1, 0.99, 1, 2.5, 4.49, 4.5, 9].map(findBand)).toEqual(
    [0, 0, 1, 2, 2, 3, 3].map((band) => BANDS[band]?.name),
  )
})
