import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { type ScanByKeyOptions, scanByKey } from './scan-by-key.ts'

interface Step {
  readonly at: number
  readonly key: string
  /** Milliseconds until the key's timer. Undefined clears it. */
  readonly timer: number | undefined
  readonly forget: boolean
}

interface Bounds {
  readonly maxOutOfOrderness: number
  readonly ttl: number | undefined
  readonly maxKeys: number | undefined
  /** How often a timer sets itself again. */
  readonly again: number
}

/** A list of what has happened to the key, so that any difference shows. */
type State = readonly string[]

const steps = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 60 }),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    timer: fc.option(fc.integer({ min: -5, max: 25 }), { nil: undefined }),
    forget: fc.constantFrom(false, false, false, true),
  }),
  { maxLength: 40, size: 'max' },
)
const bounds = fc.record({
  maxOutOfOrderness: fc.constantFrom(0, 3, 20),
  ttl: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  maxKeys: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  again: fc.nat(3),
})

const PERIOD = 7

/** Searches a list of keys for what is due next, every time. */
class Model {
  readonly seen: string[] = []
  readonly evicted: string[] = []
  readonly #bounds: Bounds
  /** Least recently used first. */
  #keys: { readonly key: string; state: State; timer: number | undefined; usedAt: number; since: number }[] =
    []
  #now = Number.NEGATIVE_INFINITY
  #created = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  event(step: Step): void {
    this.advance(Math.max(this.#now, step.at - this.#bounds.maxOutOfOrderness))
    const entry = this.#use(step.key)
    entry.state = [...entry.state, `event ${step.at}`]
    entry.timer = step.timer === undefined ? undefined : step.at + step.timer
    this.#emit(entry)
    if (step.forget) this.#keys = this.#keys.filter((one) => one !== entry)
    this.advance(this.#now)
  }

  /** Goes on to `time`. A timer and an expiry at the same time: the key has expired. */
  advance(time: number, isLast = false): void {
    for (;;) {
      const timers = this.#keys.filter(({ timer }) => timer !== undefined && timer <= time)
      const first = timers.sort((a, b) => (a.timer ?? 0) - (b.timer ?? 0) || a.since - b.since)[0]
      const due = first?.timer ?? time
      this.#expire(Math.max(this.#now, due))
      if (first === undefined) return
      if (!this.#keys.includes(first)) continue
      this.#use(first.key)
      const fired = first.state.filter((what) => what.startsWith('timer')).length
      first.state = [...first.state, `timer ${due}`]
      first.timer = fired < this.#bounds.again && !isLast ? due + PERIOD : undefined
      this.#emit(first)
    }
  }

  #use(key: string) {
    let entry = this.#keys.find((one) => one.key === key)
    if (entry === undefined) {
      entry = { key, state: [], timer: undefined, usedAt: this.#now, since: this.#created++ }
      this.#keys.push(entry)
      if (this.#keys.length > (this.#bounds.maxKeys ?? Number.POSITIVE_INFINITY)) {
        this.evicted.push(`${this.#keys.shift()?.key} max-keys`)
      }
    }
    entry.usedAt = this.#now
    this.#keys = [...this.#keys.filter((one) => one !== entry), entry]
    return entry
  }

  #expire(time: number): void {
    if (time !== Number.POSITIVE_INFINITY) this.#now = time
    const { ttl = Number.POSITIVE_INFINITY } = this.#bounds
    const isOver = ({ usedAt }: { readonly usedAt: number }) => this.#now - usedAt >= ttl
    for (const { key } of this.#keys.filter(isOver)) this.evicted.push(`${key} ttl`)
    this.#keys = this.#keys.filter((one) => !isOver(one))
  }

  #emit({ key, state }: { readonly key: string; readonly state: State }): void {
    this.seen.push(`${key} ${state.join()}`)
  }
}

function run(list: readonly Step[], { again, ttl, maxKeys, maxOutOfOrderness }: Bounds) {
  const source = new Subject<Step>()
  const clock = new VirtualClock()
  const seen: string[] = []
  const evicted: string[] = []
  const options: ScanByKeyOptions<Step, State, string, string> = {
    key: (step) => step.key,
    timestamp: (step) => step.at,
    maxOutOfOrderness,
    ...(ttl !== undefined && { ttl }),
    ...(maxKeys !== undefined && { maxKeys }),
    scheduler: clock,
    seed: () => [],
    project: (state, { key }) => `${key} ${state.join()}`,
    onEvicted: ({ key, reason }) => evicted.push(`${key} ${reason}`),
    onTimer(state, { time, setTimer }) {
      if (state.filter((what) => what.startsWith('timer')).length < again) setTimer(time + PERIOD)
      return [...state, `timer ${time}`]
    },
  }
  source
    .pipe(
      scanByKey(options, (state, step, { time, setTimer, clearTimer, forget }) => {
        expect(time).toBe(step.at)
        if (step.timer === undefined) clearTimer()
        else setTimer(step.at + step.timer)
        if (step.forget) forget()
        return [...state, `event ${step.at}`]
      }),
    )
    .subscribe((text) => seen.push(text))
  for (const step of list) source.next(step)
  source.complete()
  return { seen, evicted }
}

it('does what a list of keys does that is searched for the next timer and the next expiry every time', () => {
  fc.assert(
    fc.property(steps, bounds, (list, config) => {
      const model = new Model(config)
      for (const step of list) model.event(step)
      model.advance(Number.POSITIVE_INFINITY, true)
      expect(run(list, config)).toEqual({ seen: model.seen, evicted: model.evicted })
    }),
    { numRuns: 3000 },
  )
})

it('gives for each key what it would give without the other keys, if no key is evicted', () => {
  fc.assert(
    fc.property(steps, fc.nat(3), (list, again) => {
      // Without disorder each key sees the same watermark at its own events.
      const sorted = list.toSorted((a, b) => a.at - b.at)
      const config = { maxOutOfOrderness: 0, ttl: undefined, maxKeys: undefined, again }
      const together = run(sorted, config).seen
      for (const key of ['a', 'b', 'c', 'd']) {
        const alone = run(
          sorted.filter((step) => step.key === key),
          config,
        ).seen
        const isOwn = (text: string) => text.startsWith(`${key} `)
        // At the end a timer cannot be set again, and the other keys move the end.
        const shorter = Math.min(alone.length, together.filter(isOwn).length)
        expect(together.filter(isOwn).slice(0, shorter)).toEqual(alone.slice(0, shorter))
      }
    }),
    { numRuns: 500 },
  )
})
