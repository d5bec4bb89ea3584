import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyedState } from './keyed-state.ts'

const steps = fc.array(
  fc.record({ wait: fc.integer({ min: 0, max: 6 }), key: fc.integer({ min: 0, max: 6 }) }),
  { maxLength: 80, size: 'max' },
)
const bounds = fc.record({
  ttl: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
  maxKeys: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  renewOn: fc.constantFrom('access', 'creation'),
})

describe('KeyedState', () => {
  it('keeps and evicts the same keys as a list that is searched every time', () => {
    fc.assert(
      fc.property(steps, bounds, (list, { ttl, maxKeys, renewOn }) => {
        const evicted: unknown[] = []
        let made = 0
        const states = new KeyedState<number, number>(() => made++, {
          ...(ttl !== undefined && { ttl }),
          ...(maxKeys !== undefined && { maxKeys }),
          renewOn,
          onEvicted: ({ key, reason }, state) => evicted.push([key, reason, state]),
        })
        const expectedEvicted: unknown[] = []
        /** Least recently used first. */
        let kept: { key: number; state: number; usedAt: number }[] = []
        let expectedMade = 0
        let now = 0
        for (const { wait, key } of list) {
          now += wait
          const expired = kept.filter((k) => now - k.usedAt >= (ttl ?? Number.POSITIVE_INFINITY))
          for (const k of expired) expectedEvicted.push([k.key, 'ttl', k.state])
          kept = kept.filter((k) => !expired.includes(k))
          let own = kept.find((k) => k.key === key)
          if (own === undefined) {
            own = { key, state: expectedMade++, usedAt: now }
            kept.push(own)
            if (kept.length > (maxKeys ?? Number.POSITIVE_INFINITY)) {
              const oldest = kept.shift()
              expectedEvicted.push([oldest?.key, 'max-keys', oldest?.state])
            }
          } else if (renewOn === 'access') {
            own.usedAt = now
            kept = [...kept.filter((k) => k !== own), own]
          }
          expect(states.at(key, now)).toBe(own.state)
          expect(states.size).toBe(kept.length)
          expect(evicted).toEqual(expectedEvicted)
        }
        expect([...states.states()].sort((x, y) => x - y)).toEqual(
          kept.map((k) => k.state).sort((x, y) => x - y),
        )
      }),
      { numRuns: 1000 },
    )
  })
})
