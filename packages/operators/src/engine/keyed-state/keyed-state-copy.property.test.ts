import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../job/byte-reader.ts'
import { ByteWriter } from '../../job/byte-writer.ts'
import { KeyedState, type StateCodec } from './keyed-state.ts'

interface Sum {
  sum: number
}

const CODEC: StateCodec<Sum> = {
  write: ({ sum }, writer) => writer.number(sum),
  read: (_, reader) => ({ sum: reader.number() }),
}

const bounds = fc.record({
  ttl: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
  maxKeys: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  renewOn: fc.constantFrom('access', 'creation'),
})
const step = fc.record({
  /** How far the copy goes on before this step. */
  copied: fc.nat(3),
  wait: fc.integer({ min: 0, max: 6 }),
  key: fc.integer({ min: 0, max: 6 }),
  what: fc.constantFrom('add', 'add', 'add', 'delete', 'change', 'renew'),
})
const steps = fc.array(step, { maxLength: 60 })

type Bounds = typeof bounds extends fc.Arbitrary<infer B> ? B : never
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** A state, a clock, and what it has evicted. */
function createStates({ ttl, maxKeys, renewOn }: Bounds) {
  const evicted: unknown[][] = []
  const states = new KeyedState<number, Sum>(() => ({ sum: 0 }), {
    ...(ttl !== undefined && { ttl }),
    ...(maxKeys !== undefined && { maxKeys }),
    renewOn,
    onEvicted: ({ key, reason }, { sum }) => evicted.push([key, reason, sum]),
  })
  let now = 0
  return {
    states,
    evicted,
    setNow: (time: number) => (now = time),
    apply({ wait, key, what }: Step) {
      now += wait
      if (what === 'add') states.at(key, now).sum += key + 1
      else if (what === 'delete') states.delete(key)
      else if (what === 'renew') states.renew(now)
      else {
        states.willChange(key)
        if (states.has(key, now)) states.at(key, now).sum *= 2
      }
    },
    contents: () => [...states.states()].map(({ sum }) => sum).sort(),
    /** Evicts every key if there is a limit, the least recently used one first. */
    evictAll() {
      if (ttl !== undefined) states.expire(now + ttl)
      else if (maxKeys !== undefined) for (let i = 0; i < maxKeys; i++) states.at(100 + i, now)
    },
  }
}

describe('a copy of a KeyedState', () => {
  it('shows one moment, whatever changes while it is made, and goes on as the original did', () => {
    fc.assert(
      fc.property(steps, steps, bounds, fc.nat(1000), (before, after, limits, shift) => {
        const original = createStates(limits)
        for (const each of before) original.apply(each)
        const moment = before.reduce((time, { wait }) => time + wait, 0)

        const writer = new ByteWriter()
        const copy = original.states.save(writer, CODEC, shift)
        copy.next()
        const contents = original.contents()
        original.evicted.length = 0
        for (const each of after) {
          for (let i = 0; i < each.copied; i++) copy.next()
          original.apply(each)
        }
        while (!copy.next().done);

        const restored = createStates(limits)
        restored.states.load(new ByteReader(writer.finish()), CODEC, moment, shift)
        restored.setNow(moment)
        expect(restored.contents()).toEqual(contents)
        for (const each of after) restored.apply(each)
        expect(restored.contents()).toEqual(original.contents())
        for (const each of [original, restored]) each.evictAll()
        expect(restored.evicted).toEqual(original.evicted)
      }),
      { numRuns: 1000 },
    )
  })

  it('can be given up, and made again', () => {
    const original = createStates({ ttl: undefined, maxKeys: 3, renewOn: 'access' })
    const { states } = original
    for (const key of [1, 2, 3]) original.apply({ copied: 0, wait: 1, key, what: 'add' })
    const first = states.save(new ByteWriter(), CODEC)
    first.next()
    first.return()
    original.apply({ copied: 0, wait: 1, key: 1, what: 'add' })
    const writer = new ByteWriter()
    const second = states.save(writer, CODEC)
    while (!second.next().done);
    const restored = createStates({ ttl: undefined, maxKeys: 3, renewOn: 'access' })
    restored.states.load(new ByteReader(writer.finish()), CODEC)
    expect(restored.contents()).toEqual(original.contents())
    for (const each of [original, restored]) each.evictAll()
    expect(original.evicted.map(([key]) => key)).toEqual([2, 3, 1])
    expect(restored.evicted).toEqual(original.evicted)
  })
})
