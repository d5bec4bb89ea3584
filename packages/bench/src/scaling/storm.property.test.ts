import fc from 'fast-check'
import { expect, it } from 'vitest'
import { seededRandom } from './seeded-random.ts'
import { type Storm, simulateStorm } from './storm.ts'

const seed = fc.integer({ min: 0 })

const storm = fc
  .record({
    survivors: fc.integer({ min: 1, max: 5 }),
    connectionsANode: fc.integer({ min: 1, max: 400 }),
    delay: fc.double({ min: 0, max: 5, noNaN: true }),
    jitter: fc.double({ min: 0, max: 3, noNaN: true }),
    joining: fc.double({ min: 1e-4, max: 0.05, noNaN: true }),
    load: fc.double({ min: 0, max: 0.8, noNaN: true }),
    tick: fc.double({ min: 0.1, max: 2, noNaN: true }),
    backlog: fc.integer({ min: 1, max: 600 }),
    evenResends: fc.nat(5),
    connectTimeout: fc.double({ min: 0.5, max: 40, noNaN: true }),
  })
  .map(
    ({ load, ...rest }): Storm => ({
      ...rest,
      // At this share of a node's time even if all the clients come to the same one.
      delivering: (load * rest.tick) / (2 * rest.connectionsANode),
    }),
  )

it('everybody comes back once, and not before the delay', () => {
  fc.assert(
    fc.property(storm, seed, (storm, seed) => {
      const { back } = simulateStorm(storm, seededRandom(seed))
      expect(back).toHaveLength(storm.connectionsANode)
      expect(back[0]).toBeGreaterThanOrEqual(storm.delay + storm.joining * 0.999)
    }),
  )
})

it('is the queue of one server, where one node is left that does nothing else and turns nobody away', () => {
  fc.assert(
    fc.property(storm, seed, (storm, seed) => {
      const alone = { ...storm, survivors: 1, delivering: 0, backlog: Number.POSITIVE_INFINITY }
      const { back, unanswered, givenUp } = simulateStorm(alone, seededRandom(seed))
      // The same draws: one for the first tick, then a delay and a node for each client.
      const random = seededRandom(seed)
      random()
      const arrivals = Array.from({ length: alone.connectionsANode }, () => {
        const at = alone.delay * (1 + alone.jitter * random())
        random()
        return at
      }).sort((a, b) => a - b)
      let free = 0
      const expected = arrivals.map((at) => {
        free = Math.max(free, at) + alone.joining
        return free
      })
      expect({ unanswered, givenUp }).toEqual({ unanswered: 0, givenUp: 0 })
      for (const [index, at] of back.entries()) expect(at).toBeCloseTo(expected[index] ?? Number.NaN, 9)
    }),
  )
})

it('a backlog that is full turns clients away, who come back later all the same', () => {
  const { back, unanswered, slowest } = simulateStorm(
    {
      survivors: 1,
      connectionsANode: 2_000,
      delay: 1,
      jitter: 0,
      joining: 0.001,
      delivering: 0,
      tick: 1,
      backlog: 511,
      evenResends: 0,
      connectTimeout: 30,
    },
    seededRandom(1),
  )
  // The first is taken in at once, and 511 wait; the rest ask again after 1, 2 and 4 seconds, when 512 fit each time.
  expect(back.filter((at) => at <= 1.513)).toHaveLength(512)
  expect(unanswered).toBe(1_488 + 976 + 464)
  // One at work and 511 behind it: whatever came then would have waited for them all.
  expect(slowest).toBeCloseTo(0.512, 6)
  expect(back.at(-1)).toBeCloseTo(1 + 1 + 2 + 4 + 0.464, 6)
})

it('a node with more clients than it can deliver to is an error', () => {
  const storm: Storm = {
    survivors: 1,
    connectionsANode: 1_000,
    delay: 1,
    jitter: 10,
    joining: 0.0001,
    delivering: 0.0006,
    tick: 1,
    backlog: 511,
    evenResends: 4,
    connectTimeout: 30,
  }
  expect(() => simulateStorm(storm, seededRandom(1))).toThrow('never recovers')
})
