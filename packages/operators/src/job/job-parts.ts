import type { Counts } from '../stage/counts.ts'
import type { OperatorState } from '../stage/operator-state.ts'
import { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { findMismatch } from './mismatch.ts'
import type { SavedPart } from './snapshot-format.ts'
import { type CopiedPart, StateCopy } from './state-copy.ts'

/** An operator that is a stage. */
export interface RunStage {
  readonly name: string
  readonly operator: string
  /** The counts that the operator changes. */
  readonly running: Counts
  readonly state: OperatorState | 'drained'
  /** Calls back after each change of the counts. Returns how to stop that. */
  watch(listener: () => void): () => void
  /** Errors the operator's stream. */
  fail(error: unknown): void
}

/** The results of one `deliver`. */
export interface RunOutbox {
  readonly name: string
  readonly pending: number
  /** Whether a result waits for a snapshot. */
  readonly isWaiting: boolean
  /** Whether no more results come. */
  readonly isCompleting: boolean
  /** Changes with each result, and with each that is delivered. */
  readonly activity: number
  save(writer: ByteWriter): Generator<void, void>
  restore(reader: ByteReader): void
  /** What was restored, or saved last, may be delivered. */
  release(): void
  fail(error: unknown): void
}

/** What a snapshot contains, apart from the feeds: the states of the stages, and the results to deliver. */
export class JobParts {
  readonly #onMismatch: 'error' | 'discard'
  readonly #stages = new Map<string, RunStage>()
  /** The states of stages whose streams have completed. They are in the snapshots until an operator uses them again. */
  readonly #completed = new Map<string, CopiedPart>()
  readonly #outboxes = new Map<string, RunOutbox>()
  /** Saved states that no operator uses. */
  readonly #unclaimed = new Map<string, SavedPart>()
  #isRestored = false
  readonly discarded: string[] = []

  constructor(onMismatch: 'error' | 'discard') {
    this.#onMismatch = onMismatch
  }

  get outboxes(): readonly RunOutbox[] {
    return [...this.#outboxes.values()]
  }

  get stages(): readonly RunStage[] {
    return [...this.#stages.values()]
  }

  get hasStages(): boolean {
    return this.#stages.size > 0
  }

  get unclaimed(): readonly string[] {
    return [...this.#unclaimed.keys()]
  }

  /** Whether a stage depends on more than its events and their order. */
  get usesClock(): boolean {
    return this.stages.some(({ state }) => state === 'drained' || state.usesClock)
  }

  /** Whether a stage is emitting what it makes of the end of its stream. */
  get isEnding(): boolean {
    return this.stages.some(({ running }) => running.isComplete)
  }

  get isWaiting(): boolean {
    for (const { isWaiting } of this.#outboxes.values()) if (isWaiting) return true
    return false
  }

  /** The number of results that are not delivered. */
  get pending(): number {
    let pending = 0
    for (const outbox of this.#outboxes.values()) pending += outbox.pending
    return pending
  }

  /** Changes with everything that a snapshot contains. */
  get activity(): number {
    let activity = 0
    for (const { running } of this.#stages.values()) activity += sum(countsOf(running))
    for (const { counts } of this.#completed.values()) activity += sum(counts)
    for (const outbox of this.#outboxes.values()) activity += outbox.activity
    return activity
  }

  /** An operator whose events have to be handled before a cut. */
  get busy(): RunStage | undefined {
    for (const stage of this.#stages.values()) {
      if (stage.state === 'drained' && stage.running.buffered > 0) return stage
    }
    return undefined
  }

  addStage(stage: RunStage): void {
    this.#stages.set(stage.name, stage)
    const completed = this.#completed.get(stage.name)
    if (completed !== undefined) {
      this.#completed.delete(stage.name)
      const copy = new StateCopy([completed])
      copy.advance(Number.POSITIVE_INFINITY)
      for (const part of copy.finish()) this.#unclaimed.set(part.name, part)
    }
    if (this.#isRestored) this.#claimStage(stage)
  }

  deleteStage(stage: RunStage): void {
    if (this.#stages.get(stage.name) !== stage) return
    this.#stages.delete(stage.name)
    if (stage.running.isComplete && stage.state !== 'drained' && this.#isRestored) {
      this.#completed.set(stage.name, copyOf(stage, stage.state))
    }
  }

  /** Throws if the name is in use. */
  addOutbox(outbox: RunOutbox): void {
    if (this.#outboxes.has(outbox.name)) {
      throw new Error(
        `job.deliver: the deliver "${outbox.name}" is subscribed already. Give each deliver a name of its own with { name }`,
      )
    }
    this.#outboxes.set(outbox.name, outbox)
    if (this.#isRestored) this.#claimOutbox(outbox)
  }

  deleteOutbox(outbox: RunOutbox): void {
    if (this.#outboxes.get(outbox.name) === outbox) this.#outboxes.delete(outbox.name)
  }

  /** Calls back when operators that have to be drained change. Returns how to stop that. */
  watchDrained(listener: () => void): () => void {
    const stops = this.stages.filter(({ state }) => state === 'drained').map((stage) => stage.watch(listener))
    return () => {
      for (const stop of stops) stop()
    }
  }

  /** Restores what is subscribed now. What is subscribed later is restored then. */
  restore(parts: readonly SavedPart[]): void {
    this.#isRestored = true
    for (const part of parts) this.#unclaimed.set(part.name, part)
    for (const stage of this.#stages.values()) this.#claimStage(stage)
    for (const outbox of this.#outboxes.values()) this.#claimOutbox(outbox)
  }

  capture(): readonly CopiedPart[] {
    const parts: CopiedPart[] = []
    for (const part of this.#unclaimed.values())
      parts.push({ ...part, save: (writer) => writeRaw(writer, part) })
    for (const stage of this.#stages.values()) {
      if (stage.state !== 'drained') parts.push(copyOf(stage, stage.state))
    }
    parts.push(...this.#completed.values())
    for (const outbox of this.#outboxes.values()) {
      const { name } = outbox
      parts.push({ name, operator: 'deliver', shape: {}, counts: [], save: (writer) => outbox.save(writer) })
    }
    return parts
  }

  #claimStage({ name, operator, running, state }: RunStage): void {
    const saved = this.#unclaimed.get(name)
    if (saved === undefined || state === 'drained') return
    this.#unclaimed.delete(name)
    const mismatch = findMismatch(saved, { operator, shape: state.shape })
    if (mismatch === undefined) {
      state.restore(new ByteReader(saved.chunks))
      const [entered = 0, out = 0, late = 0, dropped = 0, rejected = 0] = saved.counts
      Object.assign(running, { in: entered, out, late, dropped, rejected })
    } else if (this.#onMismatch === 'discard') this.discarded.push(mismatch)
    else {
      throw new Error(
        `${mismatch}. Go back to the former option, or give the stage a new name, or discard its state with onMismatch: 'discard'`,
      )
    }
  }

  #claimOutbox(outbox: RunOutbox): void {
    const saved = this.#unclaimed.get(outbox.name)
    if (saved === undefined) return
    this.#unclaimed.delete(outbox.name)
    outbox.restore(new ByteReader(saved.chunks))
  }
}

/** The part of a stage. It does not depend on the stage, which another subscription may use later. */
function copyOf({ name, operator, running }: RunStage, state: OperatorState): CopiedPart {
  return {
    name,
    operator,
    shape: state.shape,
    counts: countsOf(running),
    save: (writer) => state.save(writer),
  }
}

function countsOf({ in: entered, out, late, dropped, rejected }: Counts): readonly number[] {
  return [entered, out, late, dropped, rejected]
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

/** The state of an operator that is not there stays as it is. */
function* writeRaw(writer: ByteWriter, { chunks }: SavedPart): Generator<void, void> {
  for (const chunk of chunks) {
    yield
    writer.raw(chunk)
  }
}
