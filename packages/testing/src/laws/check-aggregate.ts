import { optionError, requireFunction, requireInteger } from '@rxsse/shared'
import fc from 'fast-check'
import { isClose } from './is-close.ts'

/** An aggregate as the `custom` of `@rxsse/operators` takes it. */
export interface CheckedAggregate<T, R, A> {
  create(): A
  add(into: A, event: T, timestamp: number): A
  merge(into: A, from: A): A
  result(accumulator: A): R
}

export interface CheckAggregateOptions<T, R> {
  /** Makes the events. */
  readonly event: fc.Arbitrary<T>
  /** Makes the timestamps. Default: integers from 0 to 20, so that some are equal. */
  readonly timestamp?: fc.Arbitrary<number>
  /** Whether two results are the same. Default: equal by value, numbers within a relative difference of 1e-9. */
  readonly equal?: (a: R, b: R) => boolean
  /** Whether accumulators must survive `structuredClone`, which a job needs. Default: false. */
  readonly cloneable?: boolean
  /** How many streams of events are tried. Default: 500. */
  readonly runs?: number
  /** Repeats a run that has failed. */
  readonly seed?: number
}

interface Timed<T> {
  readonly event: T
  readonly timestamp: number
}

/** What an aggregate must keep to. A check returns what went wrong: two results that should be the same. */
interface Law<T, R, A> {
  readonly says: string
  check(aggregate: Folds<T, R, A>, parts: Parts<T>): readonly [got: R, wanted: R]
}

/** Three parts of a stream, which are later in event time one after the other. */
type Parts<T> = readonly [readonly Timed<T>[], readonly Timed<T>[], readonly Timed<T>[]]

/**
 * Checks that an aggregate of your own is one that windows can use: they fold parts of a window apart, in the order of arrival, and
 * merge them in any grouping. Throws an error that names the broken law and shows the smallest events that break it.
 *
 * @example
 * ```ts
 * it('is an aggregate', () => checkAggregate(norm, { event: fc.double({ noNaN: true, min: -1e6, max: 1e6 }) }))
 * ```
 *
 * Events with equal timestamps are always in the same order: `result` may leave them in the order of arrival. The check finds what
 * random events show. It cannot prove that there is no violation.
 */
export function checkAggregate<T, R, A>(
  aggregate: CheckedAggregate<T, R, A>,
  options: CheckAggregateOptions<T, R>,
): void {
  const { event, timestamp = fc.integer({ min: 0, max: 20 }), equal = isClose, cloneable = false } = options
  for (const name of ['create', 'add', 'merge', 'result'] as const) {
    if (typeof aggregate?.[name] !== 'function')
      throw optionError(`checkAggregate: ${name}`, 'a function', aggregate?.[name])
  }
  for (const [name, arbitrary] of Object.entries({ event, timestamp })) {
    if (typeof arbitrary?.generate !== 'function')
      throw optionError(`checkAggregate: ${name}`, 'an arbitrary of fast-check', arbitrary)
  }
  requireFunction(equal, 'checkAggregate: equal')
  const folds = new Folds(aggregate)
  const events = fc.array(fc.record({ event, timestamp }), { maxLength: 6 })
  const { seed, runs = 500 } = options
  const numRuns = requireInteger(runs, 'checkAggregate: runs', 1)
  const cuts = fc.tuple(fc.nat(6), fc.nat(6))
  for (const { says, check } of cloneable ? [...LAWS, CLONEABLE] : LAWS) {
    const property = fc.property(events, cuts, (list, [first, second]) => {
      const [got, wanted] = check(folds as Folds<unknown, unknown, unknown>, cut(list, first, second))
      if (equal(got as R, wanted as R)) return
      throw new Error(`gives ${fc.stringify(got)}, not ${fc.stringify(wanted)}`)
    })
    const run = fc.check(property, { numRuns, ...(seed !== undefined && { seed }) })
    if (!run.failed) continue
    const [list, [first, second]] = run.counterexample ?? [[], [0, 0]]
    throw new Error(
      `checkAggregate: ${says}. With the parts ${describeParts(cut(list, first, second))} it ${describeCause(run.errorInstance)} (seed ${run.seed})`,
    )
  }
}

/** The functions of an aggregate, for lists of events. */
class Folds<T, R, A> {
  readonly #aggregate: CheckedAggregate<T, R, A>

  constructor(aggregate: CheckedAggregate<T, R, A>) {
    this.#aggregate = aggregate
  }

  of(events: readonly Timed<T>[]): A {
    let accumulator = this.#aggregate.create()
    for (const { event, timestamp } of events)
      accumulator = this.#aggregate.add(accumulator, event, timestamp)
    return accumulator
  }

  add(into: A, events: readonly Timed<T>[]): A {
    let accumulator = into
    for (const { event, timestamp } of events)
      accumulator = this.#aggregate.add(accumulator, event, timestamp)
    return accumulator
  }

  merge(into: A, from: A): A {
    return this.#aggregate.merge(into, from)
  }

  result(accumulator: A): R {
    return this.#aggregate.result(accumulator)
  }
}

const LAWS: readonly Law<unknown, unknown, unknown>[] = [
  {
    says: 'create must return a new accumulator each time',
    check(folds, [a]) {
      const empty = folds.result(folds.of([]))
      folds.of(a)
      return [folds.result(folds.of([])), empty]
    },
  },
  {
    says: 'result must not change the accumulator',
    check(folds, [a]) {
      const accumulator = folds.of(a)
      folds.result(accumulator)
      return [folds.result(accumulator), folds.result(folds.of(a))]
    },
  },
  {
    says: 'merging into what create returns must change nothing',
    check: (folds, [a]) => [folds.result(folds.merge(folds.of([]), folds.of(a))), folds.result(folds.of(a))],
  },
  {
    says: 'merging what create returns must change nothing',
    check: (folds, [a]) => [folds.result(folds.merge(folds.of(a), folds.of([]))), folds.result(folds.of(a))],
  },
  {
    says: 'merge must be associative',
    check: (folds, [a, b, c]) => [
      folds.result(folds.merge(folds.merge(folds.of(a), folds.of(b)), folds.of(c))),
      folds.result(folds.merge(folds.of(a), folds.merge(folds.of(b), folds.of(c)))),
    ],
  },
  {
    says: 'adding events must equal merging their accumulator',
    check: (folds, [a, b]) => [
      folds.result(folds.add(folds.of(a), b)),
      folds.result(folds.merge(folds.of(a), folds.of(b))),
    ],
  },
  {
    says: 'the order in which events arrive must not matter',
    check: (folds, [a, b, c]) => {
      const inOrder = [...a, ...b, ...c]
      // Nothing but their arrival tells the order of events with equal timestamps, so it may matter.
      const reversed = inOrder.toSorted((one, other) => other.timestamp - one.timestamp)
      return [folds.result(folds.of(reversed)), folds.result(folds.of(inOrder))]
    },
  },
  {
    says: 'merge must not change its second accumulator, now or when events are added later',
    check(folds, [a, b, c]) {
      const from = folds.of(b)
      folds.add(folds.merge(folds.of(a), from), c)
      return [folds.result(from), folds.result(folds.of(b))]
    },
  },
]

const CLONEABLE: Law<unknown, unknown, unknown> = {
  says: 'an accumulator must survive structuredClone',
  check: (folds, [a, b]) => [
    folds.result(folds.merge(structuredClone(folds.of(a)), structuredClone(folds.of(b)))),
    folds.result(folds.merge(folds.of(a), folds.of(b))),
  ],
}

/** Cuts events, sorted by time, into three parts. Events with equal timestamps stay together, as in a window. */
function cut<T>(events: readonly Timed<T>[], first: number, second: number): Parts<T> {
  const sorted = events.toSorted((a, b) => a.timestamp - b.timestamp)
  const timeAt = (position: number) => sorted[position]?.timestamp ?? Number.POSITIVE_INFINITY
  const [from, to] = [timeAt(Math.min(first, second)), timeAt(Math.max(first, second))]
  return [
    sorted.filter(({ timestamp }) => timestamp < from),
    sorted.filter(({ timestamp }) => timestamp >= from && timestamp < to),
    sorted.filter(({ timestamp }) => timestamp >= to),
  ]
}

function describeParts(parts: Parts<unknown>): string {
  const show = (part: readonly Timed<unknown>[]) =>
    `[${part.map(({ event, timestamp }) => `${fc.stringify(event)} at ${timestamp}`).join(', ')}]`
  return parts.map(show).join(' ')
}

function describeCause(error: unknown): string {
  if (!(error instanceof Error)) return `throws ${String(error)}`
  return error.message.startsWith('gives ') ? error.message : `throws ${error.message}`
}
