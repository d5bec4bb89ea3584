import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Agenda, type Appointed } from './timer-queue.ts'

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

  it('sweeps out what was put off again and again, and goes on rightly', () => {
    const putOff = fc.record({
      appoint: fc.integer({ min: 0, max: 2 }),
      at: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 40 }) },
        fc.constant(Number.POSITIVE_INFINITY),
      ),
    })
    const step = fc.oneof(
      { weight: 60, arbitrary: putOff },
      fc.record({ take: fc.integer({ min: 0, max: 40 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 300, maxLength: 600, size: 'max' }), (steps) => {
        const people: Appointed[] = [0, 1, 2].map((order) => ({ at: Number.POSITIVE_INFINITY, order }))
        const agenda = new Agenda<Appointed>()
        const due = () =>
          people
            .filter(({ at }) => at !== Number.POSITIVE_INFINITY)
            .sort((a, b) => a.at - b.at || a.order - b.order)
        for (const one of steps) {
          if ('appoint' in one) agenda.appoint(people[one.appoint] as Appointed, one.at)
          else {
            const [first] = due()
            const isDue = first !== undefined && first.at <= one.take
            expect(agenda.takeDue(one.take)).toBe(isDue ? first : undefined)
          }
          expect(agenda.listed).toBeGreaterThanOrEqual(due().length)
          expect(agenda.listed).toBeLessThanOrEqual(2 * people.length + 64)
        }
        for (const person of due()) {
          expect(agenda.next()).toBe(person.at)
          expect(agenda.takeDue(Number.MAX_VALUE)).toBe(person)
        }
        expect(agenda.takeDue(Number.MAX_VALUE)).toBeUndefined()
        expect([agenda.earliest, agenda.listed]).toEqual([Number.POSITIVE_INFINITY, 0])
      }),
      { numRuns: 300 },
    )
  })
})
