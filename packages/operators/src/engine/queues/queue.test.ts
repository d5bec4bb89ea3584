import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimeBuffer } from '../join/time-buffer.ts'
import { Queue } from './queue.ts'
import { TimestampQueue } from './timestamp-queue.ts'

describe('Queue', () => {
  it('behaves like an array, for any pushes and shifts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -120, max: 100 }), { maxLength: 30 }), (steps) => {
        const queue = new Queue<number>()
        const array: number[] = []
        let next = 0
        for (const step of steps) {
          for (let i = 0; i < step; i++) {
            queue.push(next)
            array.push(next++)
          }
          for (let i = 0; i > step; i--) expect(queue.shift()).toBe(array.shift())
          expect([queue.length, queue.first, queue.last]).toEqual([array.length, array[0], array.at(-1)])
          expect(queue.toArray()).toEqual(array)
        }
      }),
    )
  })
})

interface Item {
  readonly timestamp: number
  readonly order: number
}

interface Takeable {
  add(item: Item): void
  shift(): void
}

function createQueue(): Takeable {
  const queue = new Queue<Item>()
  return { add: (item) => queue.push(item), shift: () => void queue.shift() }
}

function createTimeBuffer(): Takeable {
  let buffer: TimeBuffer<Item> | undefined
  return {
    add(item) {
      if (buffer === undefined) buffer = new TimeBuffer(item)
      else buffer.add(item)
    },
    shift: () => buffer?.shift(),
  }
}

function createTimestampQueue(): Takeable {
  const queue = new TimestampQueue<Item>()
  return { add: (item) => queue.push(item), shift: () => queue.shift() }
}

describe.each([
  ['Queue', createQueue],
  ['TimeBuffer', createTimeBuffer],
  ['TimestampQueue', createTimestampQueue],
])('%s', (_, create) => {
  it('keeps nothing alive that was taken', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const queue = create()
    const refs = Array.from({ length: 60 }, (__, order) => {
      const item = { timestamp: order, order }
      queue.add(item)
      return new WeakRef(item)
    })
    for (let i = 0; i < 57; i++) queue.shift()
    // What a WeakRef has been created for lives until the end of the turn.
    await setTimeout(0)
    collect()
    expect(refs.filter((ref) => ref.deref() !== undefined)).toHaveLength(3)
    queue.shift()
  })
})
