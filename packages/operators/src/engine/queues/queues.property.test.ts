import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ContiguousPrefix } from './contiguous-prefix.ts'
import { Heap } from './heap.ts'
import { SortedDeque } from './sorted-deque.ts'

describe('Heap', () => {
  it('returns the least item first, after any pushes, pops and retains', () => {
    const command = fc.oneof(
      fc.record({ push: fc.integer({ min: 0, max: 50 }) }),
      fc.constant('pop'),
      fc.record({ without: fc.integer({ min: 2, max: 7 }) }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 100, size: 'max' }), (commands) => {
        const heap = new Heap<number>((a, b) => a < b)
        let list: number[] = []
        for (const step of commands) {
          if (step === 'pop') expect(heap.pop()).toBe(list.sort((a, b) => a - b).shift())
          else if (typeof step === 'object' && 'push' in step) {
            heap.push(step.push)
            list.push(step.push)
          } else if (typeof step === 'object') {
            heap.retain((n) => n % step.without !== 0)
            list = list.filter((n) => n % step.without !== 0)
          }
          expect(heap.size).toBe(list.length)
          expect(heap.peek()).toBe(list.length === 0 ? undefined : Math.min(...list))
        }
      }),
    )
  })
})

describe('SortedDeque', () => {
  it('keeps the right positions after many shifts', () => {
    const deque = new SortedDeque<string>()
    for (let n = 0; n < 1000; n++) deque.set(n, `${n}`)
    for (let n = 0; n < 1000; n++) {
      expect([deque.length, deque.numberAt(0), deque.valueAt(0)]).toEqual([1000 - n, n, `${n}`])
      expect([deque.get(n - 1), deque.get(999), deque.lowerBound(n + 1)]).toEqual([undefined, '999', 1])
      deque.shift()
    }
    expect([deque.length, deque.get(999)]).toEqual([0, undefined])
    expect(() => deque.valueAt(0)).toThrow(new RangeError('no value at 0 of 0'))
    deque.set(5, 'again')
    expect([deque.length, deque.valueAt(0)]).toEqual([1, 'again'])
  })

  it('behaves like a sorted map whose first entries can be removed', () => {
    const command = fc.oneof(
      { weight: 5, arbitrary: fc.record({ set: fc.integer({ min: 0, max: 300 }) }) },
      { weight: 3, arbitrary: fc.constant('shift' as const) },
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400, size: 'max' }), fc.boolean(), (commands, rising) => {
        const deque = new SortedDeque<string>()
        const map = new Map<number, string>()
        let base = 0
        for (const [i, step] of commands.entries()) {
          if (step === 'shift') {
            const first = Math.min(...map.keys())
            if (map.size > 0) deque.shift()
            map.delete(first)
          } else {
            const number = rising ? base++ + (step.set % 3) : step.set
            deque.set(number, `v${i}`)
            map.set(number, `v${i}`)
          }
          const sorted = [...map].sort(([a], [b]) => a - b)
          expect(
            Array.from({ length: deque.length }, (_, at) => [deque.numberAt(at), deque.valueAt(at)]),
          ).toEqual(sorted)
          const probe = typeof step === 'object' ? step.set : 7
          expect(deque.get(probe)).toBe(map.get(probe))
          expect(deque.lowerBound(probe)).toBe(sorted.filter(([number]) => number < probe).length)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('ContiguousPrefix', () => {
  it('keeps nothing alive that was handled, though a part before it is not', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const prefix = new ContiguousPrefix<{ readonly id: number }>()
    const first = prefix.add({ id: 0 })
    const refs = Array.from({ length: 60 }, (_, id) => {
      const end = { id: id + 1 }
      prefix.settle(prefix.add(end))
      return new WeakRef(end)
    })
    await setTimeout(0)
    collect()
    expect(refs.filter((ref) => ref.deref() !== undefined)).toHaveLength(1)
    expect(prefix.settle(first)?.end).toEqual({ id: 60 })
  })

  it('does not move when a part is handled that was forgotten', () => {
    const prefix = new ContiguousPrefix<string>()
    const forgotten = [prefix.add('a'), prefix.add('b')]
    prefix.clear()
    const part = prefix.add('c')
    for (const each of forgotten) expect(prefix.settle(each)).toBeUndefined()
    expect(prefix.settle(part)?.end).toBe('c')
    expect(prefix.settle(part)).toBeUndefined()
  })

  it('ends before the first part that is not handled', () => {
    const total = fc.integer({ min: 1, max: 20 })
    const order = total.chain((n) => fc.shuffledSubarray([...Array(n).keys()], { minLength: n }))
    fc.assert(
      fc.property(order, (list) => {
        const prefix = new ContiguousPrefix<string>()
        const parts: ReturnType<typeof prefix.add>[] = []
        const done = new Set<number>()
        let end = -1
        for (const number of list) {
          const before = end
          // A part is added as late as it can be, so that parts are handled between two additions.
          while (parts.length <= number) parts.push(prefix.add(`id ${parts.length}`))
          done.add(number)
          while (done.has(end + 1)) end++
          const part = parts[number]
          expect(part && prefix.settle(part)?.end).toBe(end === before ? undefined : `id ${end}`)
        }
      }),
    )
  })
})
