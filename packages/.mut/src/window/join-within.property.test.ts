import fc from 'fast-check'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { createStage } from '../stage/create-stage.ts'
import type { JoinKind } from './join-options.ts'
import { joinWithin } from './join-within.ts'

interface Item {
  readonly side: 'left' | 'right'
  readonly key: string
  readonly at: number
  readonly id: number
}

interface Config {
  readonly kind: JoinKind
  readonly maxOutOfOrderness: number
  readonly before: number
  readonly after: number
  /** The left stream completes before this item. Its later items are not sent. */
  readonly leftEnds: number
}

const items = fc
  .array(
    fc.record({
      side: fc.constantFrom('left' as const, 'right' as const),
      key: fc.constantFrom('a', 'b', 'c'),
      // Each stream goes on by itself: one may be far behind the other.
      step: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 5 }) },
        fc.integer({ min: -12, max: 20 }),
      ),
    }),
    { maxLength: 50, size: 'max' },
  )
  .map((list) => {
    const clocks = { left: 0, right: 0 }
    return list.map(({ side, key, step }, id): Item => {
      clocks[side] += step
      return { side, key, at: clocks[side], id }
    })
  })
const config = fc.record({
  kind: fc.constantFrom<JoinKind>('inner', 'left', 'full'),
  maxOutOfOrderness: fc.constantFrom(0, 4, 30),
  before: fc.nat(12),
  after: fc.nat(12),
  leftEnds: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(50)),
})

/** What each step emits, by comparing every event with every other. */
function model(list: readonly Item[], { kind, maxOutOfOrderness, before, after, leftEnds }: Config) {
  const marks = { left: Number.NEGATIVE_INFINITY, right: Number.NEGATIVE_INFINITY }
  let watermark = Number.NEGATIVE_INFINITY
  let accepted: Item[] = []
  const matched = new Set<Item>()
  const late: number[] = []
  const steps: string[][] = []
  let seen: string[] = []

  const expiryOf = ({ side, at }: Item) => at + (side === 'left' ? after : before)
  const fits = (left: Item, right: Item) => right.at >= left.at - before && right.at <= left.at + after
  function advance(to: number): void {
    watermark = Math.max(watermark, to)
    const expired = accepted
      .filter((item) => expiryOf(item) < watermark)
      .sort((a, b) => expiryOf(a) - expiryOf(b) || a.at - b.at || a.id - b.id)
    accepted = accepted.filter((item) => !expired.includes(item))
    for (const item of expired) {
      if (matched.has(item)) continue
      if (item.side === 'left' && kind !== 'inner') seen.push(`${item.id}+`)
      if (item.side === 'right' && kind === 'full') seen.push(`+${item.id}`)
    }
  }
  function endStep(): void {
    steps.push(seen)
    seen = []
  }

  for (const item of list) {
    if (item.id >= leftEnds && marks.left !== Number.POSITIVE_INFINITY) {
      marks.left = Number.POSITIVE_INFINITY
      if (marks.right !== Number.NEGATIVE_INFINITY) advance(marks.right)
      endStep()
    }
    if (item.id >= leftEnds && item.side === 'left') continue
    if (item.at < watermark) late.push(item.id)
    else {
      const partners = accepted
        .filter((other) => other.side !== item.side && other.key === item.key)
        .filter((other) => (item.side === 'left' ? fits(item, other) : fits(other, item)))
        .sort((a, b) => a.at - b.at || a.id - b.id)
      for (const other of partners) {
        matched.add(other).add(item)
        seen.push(item.side === 'left' ? `${item.id}+${other.id}` : `${other.id}+${item.id}`)
      }
      accepted.push(item)
    }
    marks[item.side] = Math.max(marks[item.side], item.at - maxOutOfOrderness)
    advance(Math.min(marks.left, marks.right))
    endStep()
  }
  advance(Number.POSITIVE_INFINITY)
  endStep()
  return { steps, late }
}

function run(list: readonly Item[], { kind, maxOutOfOrderness, before, after, leftEnds }: Config) {
  const left = new Subject<Item>()
  const right = new Subject<Item>()
  const sides = { left, right }
  const stage = createStage('join')
  const late: number[] = []
  const steps: string[][] = []
  const seen: string[] = []
  const side = { key: (item: Item) => item.key, timestamp: (item: Item) => item.at }
  left
    .pipe(
      joinWithin(
        right,
        {
          left: side,
          right: side,
          within: { before, after },
          kind,
          maxOutOfOrderness,
          stage,
          late: ({ event }) => late.push(event.id),
        },
        (a: Item | undefined, b: Item | undefined) => `${a?.id ?? ''}+${b?.id ?? ''}`,
      ),
    )
    .subscribe((pair) => seen.push(pair))
  const endStep = () => {
    steps.push(seen.splice(0))
    const { in: entered, out, late: n, dropped, rejected, buffered } = stage.counts()
    expect(out + n + dropped + rejected + buffered).toBe(entered)
    expect(buffered).toBeGreaterThanOrEqual(0)
  }
  let isLeftOver = false
  for (const item of list) {
    if (item.id >= leftEnds && !isLeftOver) {
      isLeftOver = true
      left.complete()
      endStep()
    }
    if (item.id >= leftEnds && item.side === 'left') continue
    sides[item.side].next(item)
    endStep()
  }
  left.complete()
  right.complete()
  endStep()
  expect(stage.counts()).toMatchObject({ buffered: 0, keys: 0 })
  return { steps, late }
}

it('does what comparing every event with every other does, at every step', () => {
  fc.assert(
    fc.property(items, config, (list, options) => {
      expect(run(list, options)).toEqual(model(list, options))
    }),
    { numRuns: 3000 },
  )
})

it('gives the same pairs in whatever order the two streams are interleaved', () => {
  fc.assert(
    fc.property(items, config, (list, options) => {
      // A stream in order is never late.
      const sorted = (side: Item['side']) =>
        list.filter((item) => item.side === side).toSorted((a, b) => a.at - b.at)
      const whole = { ...options, leftEnds: Number.POSITIVE_INFINITY }
      const [left, right] = [sorted('left'), sorted('right')]
      const pairsOf = (order: readonly Item[]) => run(order, whole).steps.flat().toSorted()
      const leftFirst = pairsOf([...left, ...right])
      expect(pairsOf([...right, ...left])).toEqual(leftFirst)
      expect(pairsOf(list.map(({ side }) => (side === 'left' ? left : right).shift() as Item))).toEqual(
        leftFirst,
      )
    }),
    { numRuns: 1000 },
  )
})
