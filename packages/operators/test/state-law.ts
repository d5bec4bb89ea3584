import { VirtualClock } from '@rxsse/testing/virtual-time'
import { asyncScheduler, type OperatorFunction, type SchedulerLike, Subject } from 'rxjs'
import { expect, vi } from 'vitest'
import { ByteReader } from '../src/job/byte-reader.ts'
import { ByteWriter } from '../src/job/byte-writer.ts'
import { Causes } from '../src/job/causes.ts'
import { findMismatch } from '../src/job/mismatch.ts'
import type { Counts } from '../src/stage/counts.ts'
import { createStage } from '../src/stage/create-stage.ts'
import type { Durability, OperatorState } from '../src/stage/operator-state.ts'
import type { AttachableStage, StageCounts } from '../src/stage/stage.ts'
import type { RunOptions } from './conformance.ts'

export type Operator<In> = (options: RunOptions) => OperatorFunction<In, unknown>

export interface Step<In> {
  /** Milliseconds since the event before. */
  readonly wait: number
  readonly event: In
}

export interface Plan<In> {
  /** How far the copy of a state goes on before each event after its cut. They are used in turn. */
  readonly pieces: readonly number[]
  /** How much of the wait for the next event has passed at a cut: from 0 to 1. */
  readonly waited: number
  /** Events from one cut to the next. Infinity: one cut. */
  readonly life: number
  /**
   * What comes after a cut in place of an event, while the copy is made. After a crash the events of several feeds may come in
   * another order than before.
   */
  readonly change: (event: In) => In
}

/**
 * The law of every operator with state: saved at any event, in pieces while later events change it, and restored into a new
 * operator, it gives the results of an uninterrupted run, with the same ids, at the same times. Checked at each prefix.
 */
export function checkStateLaw<In>(operator: Operator<In>, steps: readonly Step<In>[], plan: Plan<In>): void {
  const expected = runLives(operator, steps, [], plan)
  for (let first = 0; first <= steps.length; first++) {
    const cuts: number[] = []
    for (let at = first; at <= steps.length; at += plan.life) cuts.push(at)
    expect(runLives(operator, steps, cuts, plan)).toEqual(expected)
  }
}

/** Why the state of one operator cannot be restored into another one. */
export function describeMismatch<In>(saved: Operator<In>, now: Operator<In>): string | undefined {
  const [before, after] = [saved, now].map((operator) => {
    const life = new Life(operator, 0)
    const { operator: name, state } = life.stage
    life.subscription.unsubscribe()
    return { operator: name, shape: state.shape }
  })
  if (before === undefined || after === undefined) throw new Error('there are two operators')
  return findMismatch({ name: 'stage', ...before }, after)
}

/** What the pipeline has emitted, and its counts after each event and at the end. */
interface Report {
  readonly results: readonly unknown[]
  readonly counts: readonly StageCounts[]
  readonly end: unknown
}

/** Runs the steps. Each life ends at a cut, the number of events before it, and the next one goes on from there. */
function runLives<In>(
  operator: Operator<In>,
  steps: readonly Step<In>[],
  cuts: readonly number[],
  { pieces, waited, change }: Plan<In>,
): Report {
  let now = 0
  const times = steps.map(({ wait }) => {
    now += wait
    return now
  })
  const end = now + 50
  const timeAt = (cut: number) => {
    const before = times[cut - 1] ?? 0
    return before + Math.floor(((times[cut] ?? end) - before) * waited)
  }
  const results: unknown[] = []
  const counts: StageCounts[] = []
  let saved: SavedState | undefined
  let from = 0
  for (const cut of [...cuts, undefined]) {
    const life = new Life(operator, from === 0 ? 0 : timeAt(from))
    try {
      if (saved !== undefined) life.stage.restore(saved)
      for (let at = from; at < (cut ?? steps.length); at++) {
        life.advanceTo(times[at] as number)
        life.push(at, (steps[at] as Step<In>).event)
        counts.push(life.stage.counts())
      }
      if (cut === undefined) {
        life.complete(end)
        results.push(...life.results)
        return { results, counts: [...counts, life.stage.counts()], end: life.ending }
      }
      life.advanceTo(timeAt(cut))
      results.push(...life.results.slice())
      const save = life.stage.startToSave()
      // What the copy must not show: the rest of the stream, and its end.
      for (let at = cut; at < steps.length; at++) {
        save.advance(pieces[at % pieces.length] as number)
        life.advanceTo(times[at] as number)
        life.push(at, change((steps[at] as Step<In>).event))
      }
      save.advance(pieces[cut % pieces.length] as number)
      life.complete(end)
      saved = save.finish()
      from = cut
    } finally {
      life.end()
    }
  }
  throw new Error('the last life has no cut')
}

interface SavedState {
  readonly chunks: readonly Uint8Array[]
  readonly counts: readonly number[]
}

/** A stage that does what that of a job does, on request. */
class ProbeStage implements AttachableStage {
  readonly name = 'stage'
  readonly #stage = createStage('stage') as AttachableStage
  readonly causes = new Causes('run')
  operator = ''
  #running: Counts | undefined
  #state: OperatorState | undefined

  get running(): Counts {
    if (this.#running === undefined) throw new Error('no operator uses the stage')
    return this.#running
  }

  get state(): OperatorState {
    if (this.#state === undefined) throw new Error(`${this.operator} has no state`)
    return this.#state
  }

  counts(): StageCounts {
    return this.#stage.counts()
  }

  changes(): never {
    throw new Error('nobody observes it')
  }

  follow(): never {
    throw new Error('no commit follows it')
  }

  attach(operator: string, counts: Counts): void {
    this.#stage.attach(operator, counts)
    this.operator = operator
    this.#running = counts
    counts.identify = (identity, emit) => this.causes.run({ name: identity(), results: 0 }, emit)
  }

  keep(state: Durability): void {
    if (state !== 'drained') this.#state = state
  }

  detach(): void {
    this.#stage.detach()
  }

  /** The cut is now. */
  startToSave() {
    const { in: entered, out, late, dropped, rejected } = this.running
    const writer = new ByteWriter()
    const copy = this.state.save(writer)
    copy.next()
    return {
      advance(pieces: number) {
        for (let n = 0; n < pieces; n++) copy.next()
      },
      finish(): SavedState {
        while (copy.next().done !== true);
        return { chunks: writer.finish(), counts: [entered, out, late, dropped, rejected] }
      },
    }
  }

  restore({ chunks, counts }: SavedState): void {
    const reader = new ByteReader(chunks)
    this.state.restore(reader)
    expect(reader.left).toBe(0)
    const [entered, out, late, dropped, rejected] = counts
    Object.assign(this.running, { in: entered, out, late, dropped, rejected })
  }
}

/** An operator in a process of its own, whose monotonic clock starts anywhere. */
class Life<In> {
  readonly #clock = new VirtualClock()
  readonly #source = new Subject<In>()
  readonly stage = new ProbeStage()
  readonly results: unknown[] = []
  ending: unknown
  readonly subscription

  constructor(operator: Operator<In>, time: number) {
    const clock = this.#clock
    clock.advanceTo(time)
    const start = time * 7 + 3
    vi.spyOn(performance, 'now').mockImplementation(() => clock.now() + start)
    vi.spyOn(Date, 'now').mockImplementation(() => clock.now() + DAY)
    const scheduler = {
      now: asyncScheduler.now,
      schedule: clock.schedule.bind(clock),
    } as SchedulerLike
    this.subscription = this.#source.pipe(operator({ scheduler, stage: this.stage })).subscribe({
      next: (value) => this.#record(value),
      error: (error) => {
        this.ending = error
      },
      complete: () => {
        this.ending = 'complete'
      },
    })
  }

  advanceTo(time: number): void {
    this.#clock.advanceTo(time)
  }

  push(number: number, event: In): void {
    this.stage.causes.run({ name: `event ${number}`, results: 0 }, () => this.#source.next(event))
  }

  complete(time: number): void {
    this.#clock.advanceTo(time)
    this.stage.causes.run({ name: 'end', results: 0 }, () => this.#source.complete())
    this.#clock.runOut()
  }

  end(): void {
    this.subscription.unsubscribe()
    vi.restoreAllMocks()
  }

  #record(value: unknown): void {
    const id = this.stage.causes.nextId()
    // What a clock causes has another id in each process.
    const repeated = id.startsWith('~') ? '~' : id
    // A session ends a fraction of a millisecond late.
    this.results.push([Math.floor(this.#clock.now()), repeated, structuredClone(value)])
  }
}

/** The time of day at which the steps begin. */
export const DAY = 1_700_000_000_000
