import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Callback, type ModelTab, type Step, TabWorld } from '../../test/tab-world.ts'

const CALLBACKS = ['event', 'cursor', 'warning', 'state'] as const
const callback = (n: number): Callback => CALLBACKS[n % CALLBACKS.length] as Callback

type Action = readonly [name: string, first: number, second: number]

const action = (name: string, weight: number): { arbitrary: fc.Arbitrary<Action>; weight: number } => ({
  arbitrary: fc.tuple(fc.constant(name), fc.nat(7), fc.nat(7)),
  weight,
})

const actions = fc.array(
  fc.oneof(
    action('publish', 8),
    action('deliver', 12),
    action('lock', 6),
    action('read', 10),
    action('tick', 4),
    action('open', 2),
    action('open after', 1),
    action('kill', 1),
    action('leave', 1),
    action('suspend', 1),
    action('leave in a callback', 1),
    action('suspend in a callback', 1),
    action('hang', 1),
    action('resume', 2),
    action('settle', 1),
  ),
  { minLength: 20, maxLength: 120, size: 'max' },
)

/** Ever three entries kept, so that tabs fall behind what the others know. */
const limits = fc.constantFrom({ entries: 3, size: 1000 }, { entries: 1000, size: 1_000_000 })

function play(world: TabWorld, steps: readonly Action[], nextStep: (index: number, chance: number) => Step) {
  const after = new Map<ModelTab, number>()
  const pick = (n: number, among: readonly ModelTab[]): ModelTab | undefined => among[n % among.length]
  for (const [name, first, second] of steps) {
    const model = pick(first, world.running)
    const other = pick(second, world.tabs)
    if (name === 'publish') world.publish(nextStep(world.log.length, first))
    else if (name === 'open' && world.tabs.length < 8) world.open()
    else if (name === 'open after' && world.tabs.length < 8) {
      const index = world.log.findIndex(({ id }, at) => at >= first && id !== undefined)
      const id = world.log[index]?.id
      if (id) after.set(world.open(id), index + 1)
    } else if (name === 'resume' && other && /away|hung/.test(other.state)) world.resume(other)
    else if (!model) continue
    else if (name === 'deliver' && other) world.deliver(other, model)
    else if (name === 'lock') world.tellLock(model)
    else if (name === 'read') world.read(model)
    else if (name === 'tick') model.tab.onTick()
    else if (name === 'kill') world.kill(model, second)
    else if (name === 'leave') world.leave(model)
    else if (name === 'suspend') world.suspend(model)
    else if (name === 'leave in a callback') model.reactions.set(callback(second), () => world.leave(model))
    else if (name === 'suspend in a callback')
      model.reactions.set(callback(second), () => world.suspend(model))
    else if (name === 'hang') model.state = 'hung'
    else if (name === 'settle') world.settle()
  }
  for (const model of world.tabs) {
    model.reactions.clear()
    if (/away|hung/.test(model.state)) world.resume(model)
  }
  world.settle()
  for (let i = 0; i < 3; i++) world.publish(nextStep(world.log.length, 7))
  world.settle()
  return after
}

/** One connection, of the tab that has the lock. */
function expectOneConnection(world: TabWorld): void {
  const open = world.tabs.filter(({ stream }) => stream)
  expect(open.map(({ name }) => name)).toEqual(world.running.length > 0 ? [world.lockHolder?.name] : [])
}

describe('whatever happens to the tabs', () => {
  test('each gets every event from its start on, once and in order', () => {
    const property = fc.property(limits, actions, (kept, steps) => {
      const world = new TabWorld(kept, true)
      const after = play(world, steps, (index, chance) => ({ id: `${index}`, isEvent: chance !== 3 }))
      expectOneConnection(world)
      for (const model of world.tabs) {
        const { delivered, warnings } = model
        expect(delivered).toEqual(expectedOf(world, model, after.get(model)))
        // Only a connection that changes before the first ID cannot resume.
        if (after.has(model)) expect(warnings).toEqual([])
      }
    })
    fc.assert(property, { numRuns: 1000 })
  })

  test('and those without an ID at least once, each after the ID before it', () => {
    const property = fc.property(limits, actions, (kept, steps) => {
      const world = new TabWorld(kept, true)
      const after = play(world, steps, (index, chance) => ({
        id: chance < 4 ? undefined : `${index}`,
        isEvent: chance !== 4,
      }))
      expectOneConnection(world)
      const hasId = (index: number): boolean => world.log[index]?.id !== undefined
      for (const model of world.tabs) {
        const { delivered } = model
        const expected = expectedOf(world, model, after.get(model))
        expect(delivered.filter(hasId)).toEqual(expected.filter(hasId))
        // A server that resumes after an ID may repeat what came before this tab.
        const [first = 0] = expected
        expect([...new Set(delivered)].filter((index) => index >= first)).toEqual(expected)
      }
    })
    fc.assert(property, { numRuns: 1000 })
  })

  test('without any ID, what may be lost is told, and nothing comes twice unless the holder hung', () => {
    const property = fc.property(limits, actions, (kept, steps) => {
      const world = new TabWorld(kept, false)
      play(world, steps, () => ({ id: undefined, isEvent: true }))
      expectOneConnection(world)
      for (const { delivered, warnings, state } of world.tabs) {
        const [first = 0] = delivered
        const whole = delivered.map((_, index) => first + index)
        if (warnings.length === 0) expect(delivered).toEqual(whole)
        if (steps.every(([name]) => name !== 'hang')) {
          expect(delivered).toEqual([...new Set(delivered)].sort((a, b) => a - b))
        }
        if (state === 'running') expect(delivered.at(-1)).toBe(world.log.length - 1)
      }
    })
    fc.assert(property, { numRuns: 1000 })
  })
})

/** What a tab must have got: everything from its start, to its end if it is gone. */
function expectedOf(world: TabWorld, model: ModelTab, start: number | undefined): number[] {
  const { delivered, placedAt, state } = model
  const last = state === 'running' ? world.log.length : Math.max(-1, ...delivered) + 1
  const first = start ?? Math.min(placedAt ?? last, delivered[0] ?? last)
  return world.log.flatMap(({ isEvent }, index) => (isEvent && index >= first && index < last ? [index] : []))
}
