import { readFileSync } from 'node:fs'

/** An event of the feed. Its id is its position in the timeline, from 1, so any process can serve any id. */
export interface FeedEvent {
  readonly id: number
  readonly type: 'quake' | 'price'
  /** Milliseconds of event time between the timeline's start and this event. */
  readonly due: number
  /** The data as JSON. */
  readonly data: string
}

/** An endless, repeatable sequence of real events in order of event time. */
export interface Timeline {
  /** Returns the event with this id, an integer from 1. */
  at(id: number): FeedEvent
  /** The event time at which the replay starts, in epoch milliseconds. */
  readonly start: number
}

export interface Quake {
  readonly code: string
  readonly time: number
  readonly magnitude: number
  readonly place: string
  readonly depth: number
}

export interface Close {
  readonly date: string
  readonly close: number
}

const HOUR = 3_600_000

/**
 * Merges a week of earthquakes with twenty years of daily prices, one trading day an hour, so that both suit one speed.
 * After a week the next lap starts: the earthquakes repeat one week later in event time, and the prices continue.
 */
export function createTimeline(quakes: readonly Quake[], closes: readonly Close[]): Timeline {
  const first = Math.min(...quakes.map((quake) => quake.time))
  const last = Math.max(...quakes.map((quake) => quake.time))
  const start = Math.floor(first / HOUR) * HOUR
  const hours = Math.floor((last - start) / HOUR) + 1
  const span = hours * HOUR

  const week = [
    ...quakes.map((quake) => ({ due: quake.time - start, quake, hour: -1 })),
    ...Array.from({ length: hours }, (_, hour) => ({ due: hour * HOUR, quake: undefined, hour })),
  ].sort((a, b) => a.due - b.due)

  return {
    start,
    at(id) {
      const lap = Math.floor((id - 1) / week.length)
      const slot = week[(id - 1) % week.length]
      if (slot === undefined) throw new RangeError(`id must be an integer from 1, not ${id}`)
      const due = slot.due + lap * span
      if (slot.quake !== undefined) {
        const data = JSON.stringify({ ...slot.quake, time: slot.quake.time + lap * span, lap })
        return { id, type: 'quake', due, data }
      }
      const day = lap * hours + slot.hour
      const close = closes[day % closes.length]
      return {
        id,
        type: 'price',
        due,
        data: JSON.stringify({ ...close, lap: Math.floor(day / closes.length) }),
      }
    },
  }
}

/** Loads a week of USGS earthquakes and the S&P 500's daily closes since 2000 from `vega-datasets`. */
export function loadTimeline(): Timeline {
  const data = new URL('../data/', import.meta.resolve('vega-datasets'))
  return createTimeline(
    readQuakes(readFileSync(new URL('earthquakes.json', data), 'utf8')),
    readCloses(readFileSync(new URL('sp500-2000.csv', data), 'utf8')),
  )
}

function readQuakes(geojson: string): Quake[] {
  const { features } = JSON.parse(geojson) as { features: Feature[] }
  return features
    .filter(({ properties }) => properties.type === 'earthquake')
    .map(({ id, properties, geometry }) => ({
      code: id,
      time: properties.time,
      magnitude: properties.mag,
      place: properties.place,
      depth: geometry.coordinates[2],
    }))
}

interface Feature {
  readonly id: string
  readonly properties: {
    readonly time: number
    readonly mag: number
    readonly place: string
    readonly type: string
  }
  readonly geometry: { readonly coordinates: readonly [longitude: number, latitude: number, depth: number] }
}

function readCloses(csv: string): Close[] {
  const [head = '', ...rows] = csv.trim().split(/\r?\n/)
  const columns = head.split(',')
  const date = columns.indexOf('date')
  const close = columns.indexOf('close')
  return rows.map((row) => {
    const cells = row.split(',')
    return { date: cells[date] ?? '', close: Number(cells[close]) }
  })
}
