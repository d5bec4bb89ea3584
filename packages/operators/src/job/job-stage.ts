import type { Observable } from 'rxjs'
import type { Counts } from '../stage/counts.ts'
import { createStage } from '../stage/create-stage.ts'
import type { Durability, OperatorState } from '../stage/operator-state.ts'
import {
  type AttachableStage,
  isAttachable,
  type StageChangesOptions,
  type StageCounts,
} from '../stage/stage.ts'
import { ByteWriter } from './byte-writer.ts'
import type { Cause } from './causes.ts'
import type { RunStage } from './job-parts.ts'
import type { JobRun } from './job-run.ts'

/** A stage whose operator's state is in the snapshots of a job. */
export class JobStage implements AttachableStage, RunStage {
  readonly name: string
  readonly #stage: AttachableStage
  readonly #join: () => JobRun
  readonly #leave: (run: JobRun) => void
  #run: JobRun | undefined
  operator = ''
  state: OperatorState | 'drained' = 'drained'
  fail: (error: unknown) => void = () => {}
  #counts: Counts | undefined

  constructor(name: string, join: () => JobRun, leave: (run: JobRun) => void) {
    const stage = createStage(name)
    if (!isAttachable(stage)) throw new TypeError('createStage() makes stages that operators can use')
    this.name = name
    this.#stage = stage
    this.#join = join
    this.#leave = leave
  }

  get running(): Counts {
    if (this.#counts === undefined) throw new Error(`no operator uses the stage "${this.name}"`)
    return this.#counts
  }

  counts(): StageCounts {
    return this.#stage.counts()
  }

  changes(options?: StageChangesOptions): Observable<StageCounts> {
    return this.#stage.changes(options)
  }

  attach(operator: string, counts: Counts): void {
    this.#stage.attach(operator, counts)
    const run = this.#join()
    this.#run = run
    this.#counts = counts
    this.operator = operator
    counts.identify = (identity, emit) => run.causes.run(new ResultCause(this.name, identity), emit)
  }

  keep(state: Durability, fail: (error: unknown) => void): void {
    if (state === undefined) {
      throw new TypeError(
        `${this.operator} cannot be the stage "${this.name}" of a job: it has no state. Use createStage() for its counts`,
      )
    }
    if (state !== 'drained') state.sample?.(new ByteWriter())
    this.state = state
    this.fail = fail
    this.#run?.parts.addStage(this)
  }

  detach(): void {
    this.#stage.detach()
    const run = this.#run
    this.#run = undefined
    if (run === undefined) return
    run.parts.deleteStage(this)
    if (!this.running.isComplete) run.onLost(`the stage "${this.name}"`)
    run.retrySnapshot()
    this.#leave(run)
  }

  watch(listener: () => void): () => void {
    const subscription = this.#stage.changes({ every: 0 }).subscribe(listener)
    return () => subscription.unsubscribe()
  }

  follow(): never {
    throw new Error(
      `commit: the stage "${this.name}" is one of a job, which saves how far its feeds are. Leave out commit`,
    )
  }
}

/** A result as the cause of what is made of it. Its name is made only for what is delivered: most windows may be filtered out. */
class ResultCause implements Cause {
  readonly #stage: string
  readonly #identity: () => string
  results = 0

  constructor(stage: string, identity: () => string) {
    this.#stage = stage
    this.#identity = identity
  }

  get name(): string {
    return `${this.#stage}|${this.#identity()}`
  }
}
