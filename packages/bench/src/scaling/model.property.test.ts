import fc from 'fast-check'
import { expect, it } from 'vitest'
import { deliveryCost, type Figures } from './figures.ts'
import { type Load, type NodeLimits, plan } from './model.ts'

const positive = (max: number) => fc.double({ min: max / 1_000, max, noNaN: true })

const figures: fc.Arbitrary<Figures> = fc.record({
  machine: fc.constant(''),
  date: fc.constant(''),
  delivery: positive(0.5).chain((ofSixteen) =>
    fc.record({ alone: positive(5).map((more) => ofSixteen + more), ofSixteen: fc.constant(ofSixteen) }),
  ),
  join: fc.record({ fresh: positive(300), resuming: positive(500), tls: fc.constant(1_000) }),
  memory: fc.record({ resident: positive(20), kernel: positive(10) }),
  redis: fc.record({ append: positive(100), read: positive(30), node: positive(50) }),
})

const load: fc.Arbitrary<Load> = fc.record({
  connections: fc.integer({ min: 1, max: 1_000_000 }),
  rate: positive(10),
  eventBytes: fc.constant(220),
  eventsPerTick: fc.integer({ min: 1, max: 16 }),
  tls: fc.boolean(),
})

const limits: fc.Arbitrary<NodeLimits> = fc.record({
  cpu: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
  memoryGiB: fc.integer({ min: 1, max: 16 }),
  spread: fc.double({ min: 0.5, max: 10, noNaN: true }),
})

it('a plan keeps every node within its limits, and one node fewer would not do', () => {
  fc.assert(
    fc.property(load, limits, figures, (load, limits, figures) => {
      const fits = (nodes: number): boolean => {
        const each = load.connections / nodes
        const delivering = (each * load.rate * deliveryCost(figures, load.eventsPerTick)) / 1e6
        const memory = (each * (figures.memory.resident + figures.memory.kernel)) / 2 ** 20
        if (delivering > limits.cpu * (1 + 1e-9) || memory > limits.memoryGiB * (1 + 1e-9) || nodes < 2)
          return false
        const joining = figures.join.resuming + (load.tls ? figures.join.tls - figures.join.fresh : 0)
        const returning = (each / (nodes - 1)) * (joining / 1e6)
        return (delivering * nodes) / (nodes - 1) + returning / limits.spread <= 0.9 * (1 + 1e-9)
      }
      const { nodes } = plan(load, limits, figures)
      expect(fits(nodes)).toBe(true)
      expect(nodes === 2 || !fits(nodes - 1)).toBe(true)
    }),
  )
})

it('a delivery costs what was measured where that was measured, and less with every event that shares its write', () => {
  fc.assert(
    fc.property(figures, fc.integer({ min: 1, max: 100 }), (figures, events) => {
      expect(deliveryCost(figures, 1)).toBeCloseTo(figures.delivery.alone, 9)
      expect(deliveryCost(figures, 16)).toBeCloseTo(figures.delivery.ofSixteen, 9)
      expect(deliveryCost(figures, events + 1)).toBeLessThan(deliveryCost(figures, events))
    }),
  )
})
