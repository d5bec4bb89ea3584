import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Agenda, type Appointed } from './agenda.ts'

const who = fc.integer({ min: 0, max: 5 })
const time = fc.integer({ min: 0, max: 8 })
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ appoint: who, at: fc.oneof(time, fc.constant(Number.POSITIVE_INFINITY)) }),
  },
  fc.record({ take: time }),
)

describe('Agenda', () => {
  it('hands out who is due by time and then by order, as a list that is searched every time does', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200, size: 'max' }), (commands) => {
        const people: Appointed[] = Array.from({ length: 6 }, (_, order) => ({
          at: Number.POSITIVE_INFINITY,
          order,
        }))
        const agenda = new Agenda<Appointed>()
        const times = people.map(() => Number.POSITIVE_INFINITY)
        const first = () => times.indexOf(Math.min(...times))
        for (const step of commands) {
          if ('appoint' in step) {
            const person = people[step.appoint]
            if (person !== undefined) agenda.appoint(person, step.at)
            times[step.appoint] = step.at
          } else {
            const due = Math.min(...times) <= step.take ? people[first()] : undefined
            expect(agenda.takeDue(step.take)).toBe(due)
            if (due !== undefined) times[due.order] = Number.POSITIVE_INFINITY
          }
          expect(agenda.next()).toBe(Math.min(...times))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('goes on rightly where it sweeps out what was put off again and again', () => {
    const puttingOff = fc.array(
      fc.record({ appoint: fc.integer({ min: 0, max: 2 }), at: fc.integer({ min: 0, max: 500 }) }),
      { minLength: 150, maxLength: 600, size: 'max' },
    )
    fc.assert(
      fc.property(puttingOff, (appointments) => {
        const people: Appointed[] = [0, 1, 2].map((order) => ({ at: Number.POSITIVE_INFINITY, order }))
        const agenda = new Agenda<Appointed>()
        for (const { appoint, at } of appointments) agenda.appoint(people[appoint] as Appointed, at)
        const due = people
          .filter(({ at }) => at !== Number.POSITIVE_INFINITY)
          .sort((a, b) => a.at - b.at || a.order - b.order)
        const times = due.map(({ at }) => at)
        for (const [n, person] of due.entries()) {
          expect(agenda.next()).toBe(times[n])
          expect(agenda.takeDue(Number.MAX_VALUE)).toBe(person)
        }
        expect(agenda.takeDue(Number.MAX_VALUE)).toBeUndefined()
        expect(agenda.earliest).toBe(Number.POSITIVE_INFINITY)
      }),
    )
  })
})
