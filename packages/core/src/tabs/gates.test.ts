import { describe, expect, it } from 'vitest'
import { type ModelTab, TabWorld } from '../../test/tab-world.ts'

function createWorld() {
  const world = new TabWorld({ entries: 10, size: 1000 }, true)
  const drain = (): void => {
    for (let busy = true; busy; ) {
      busy = false
      for (const to of world.running) {
        for (const from of world.tabs) if (world.deliver(from, to)) busy = true
        if (world.tellLock(to) || world.read(to)) busy = true
      }
    }
  }
  const open = (): ModelTab => {
    const model = world.open()
    drain()
    return model
  }
  const [holder, second, ...others] = Array.from({ length: 8 }, open) as [ModelTab, ModelTab, ...ModelTab[]]
  return { world, drain, holder, second, others }
}

describe('a tab whose gate is shut', () => {
  it.each(['the holder', 'another tab'])('and that died no longer counts, by the timers of %s', (whose) => {
    const { world, drain, holder, second: dead, others } = createWorld()
    dead.tab.setGate(true)
    drain()
    world.kill(dead)
    const ticking = whose === 'the holder' ? holder : (others[0] as ModelTab)
    let ticks = 0
    for (; holder.paused && ticks < 20; ticks++) {
      ticking.tab.onTick()
      drain()
    }
    expect(ticks).toBeGreaterThanOrEqual(5)
    expect(ticks).toBeLessThanOrEqual(6)
  })

  it('counts while it lives, also if its own timers stand still', () => {
    const { drain, holder, second: shut, others } = createWorld()
    shut.tab.setGate(true)
    drain()
    holder.reactions.set('resume', () => expect.fail('the connection was read'))
    for (let tick = 0; tick < 30; tick++) {
      // The pings of all arrive before any answer.
      for (const { tab } of others) tab.onTick()
      drain()
    }
    holder.reactions.clear()
    shut.tab.setGate(false)
    drain()
    expect(holder.paused).toBe(false)
  })

  it('counts at the next holder, also if an event has shut the gate just as it opened', () => {
    const { world, drain, holder, second } = createWorld()
    holder.tab.setGate(true)
    holder.reactions.set('resume', () => holder.tab.setGate(true))
    holder.tab.setGate(false)
    drain()
    expect(holder.paused).toBe(true)
    world.suspend(holder)
    drain()
    expect(world.lockHolder).toBe(second)
    expect(second.paused).toBe(false)
    world.resume(holder)
    drain()
    expect(second.paused).toBe(true)
  })
})
