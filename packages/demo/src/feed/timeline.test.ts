import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTimeline, loadTimeline } from './timeline.ts'

const quake = fc.record({
  code: fc.string(),
  time: fc.integer({ min: 0, max: 10 * 3_600_000 }),
  magnitude: fc.double({ min: -1, max: 9, noNaN: true }),
  place: fc.string(),
  depth: fc.double({ min: 0, max: 700, noNaN: true }),
})

it('is endless, in order of event time, and returns each event by its id', () => {
  fc.assert(
    fc.property(
      fc.array(quake, { minLength: 1, maxLength: 20, size: 'max' }),
      fc.integer({ min: 1, max: 200 }),
      (quakes, id) => {
        const timeline = createTimeline(quakes, [{ date: '2000-01-03', close: 1455 }])
        const event = timeline.at(id)
        expect(event.id).toBe(id)
        expect(timeline.at(id + 1).due).toBeGreaterThanOrEqual(event.due)
        if (event.type === 'quake') expect(JSON.parse(event.data).time).toBe(timeline.start + event.due)
      },
    ),
  )
})

it('has every earthquake once a lap, and a price every hour', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(quake, { minLength: 1, maxLength: 20, size: 'max', selector: ({ code }) => code }),
      (quakes) => {
        const timeline = createTimeline(quakes, [{ date: '2000-01-03', close: 1455 }])
        const hours = Math.floor((Math.max(...quakes.map((q) => q.time)) - timeline.start) / 3_600_000) + 1
        for (const lap of [0, 1]) {
          const events = Array.from({ length: quakes.length + hours }, (_, i) =>
            timeline.at(lap * (quakes.length + hours) + i + 1),
          )
          const codes = events.filter(({ type }) => type === 'quake').map(({ data }) => JSON.parse(data).code)
          expect(codes.toSorted()).toEqual(quakes.map(({ code }) => code).toSorted())
          expect(events.filter(({ type }) => type === 'price')).toHaveLength(hours)
        }
      },
    ),
  )
})

it('loads the real data: 1,679 earthquakes and 169 trading days a lap', () => {
  const timeline = loadTimeline()
  const week = Array.from({ length: 1_679 + 169 }, (_, i) => timeline.at(i + 1))
  expect(week.filter(({ type }) => type === 'quake')).toHaveLength(1_679)
  expect(JSON.parse(week.find(({ type }) => type === 'price')?.data ?? '')).toEqual({
    date: '2000-01-03',
    close: 1455.219971,
    lap: 0,
  })
  expect(timeline.at(week.length + 1).due).toBe(169 * 3_600_000)
})

it('rejects an id below 1', () => {
  const timeline = createTimeline([{ code: 'a', time: 0, magnitude: 1, place: '', depth: 1 }], [])
  expect(() => timeline.at(0)).toThrow(/id must be an integer from 1, not 0/)
})
