import { describeValue } from '@rxsse/shared'
import type { Unsubscribable } from 'rxjs'
import type { ContiguousPrefix, Part } from '../engine/queues/contiguous-prefix.ts'
import type { AttachableStage, Stage } from '../stage/stage.ts'
import { ResultBarrier } from './result-barrier.ts'

/**
 * Follows events through stages, from the top down. The first stage makes a part of each event. A stage takes a part over if the
 * event arrives there while the stage above passes it on. The stage that has a part last settles it.
 */
export class StageFollower implements Unsubscribable {
  readonly #stages: readonly AttachableStage[]
  readonly #prefix: ContiguousPrefix<string>
  readonly #save: (id: string) => void
  readonly #following = new Set<Stage>()
  readonly #stops: readonly (() => void)[]
  /** The part that a stage is passing on. */
  #current: Part<string> | undefined

  constructor(
    stages: readonly AttachableStage[],
    prefix: ContiguousPrefix<string>,
    save: (id: string) => void,
  ) {
    this.#stages = stages
    this.#prefix = prefix
    this.#save = save
    this.#stops = stages.map((stage, number) => this.#follow(stage, number))
  }

  /** A stage that no operator uses. */
  get missing(): Stage | undefined {
    return this.#stages.find((stage) => !this.#following.has(stage))
  }

  unsubscribe(): void {
    for (const stop of this.#stops) stop()
  }

  #follow(stage: AttachableStage, number: number): () => void {
    const below = this.#stages[number + 1]
    const results = new ResultBarrier((part) => this.#settle(part))
    const settle = (part: Part<string>): void => {
      if (!results.hold(part)) this.#settle(part)
    }
    return stage.follow({
      onStart: () => {
        this.#following.add(stage)
        results.clear()
        if (number === 0) this.#prefix.clear()
      },
      onArrival: (event) => this.#arrive(event, number),
      passOn: (part, counts, work) => {
        const { out } = counts
        this.#run(part, work)
        if (part.stage !== number) return
        if (below !== undefined && counts.out > out) throw createGapError(stage, below)
        settle(part)
      },
      emitResult: (work) => {
        if (below === undefined) {
          work()
          return
        }
        const result = results.add(number)
        this.#run(result, work)
        if (result.stage === number) throw createGapError(stage, below)
      },
      onMerge: (part, event) => {
        if (number === 0 && this.#prefix.isNewest(part)) part.end = readLastEventId(event)
        else {
          part.merged ??= []
          part.merged.push(this.#arrive(event, number))
        }
      },
      onSettled: settle,
    })
  }

  #arrive(event: unknown, number: number): Part<string> {
    const part = number === 0 ? this.#prefix.add(readLastEventId(event)) : this.#takeOver(number)
    part.stage = number
    return part
  }

  #takeOver(number: number): Part<string> {
    const part = this.#current
    // What the stage above has passed on is handled there: to wait for it here would be too late.
    if (part === undefined)
      throw createGapError(this.#stages[number - 1] as Stage, this.#stages[number] as Stage)
    return part
  }

  /** Runs `work`, which passes the part on. */
  #run(part: Part<string>, work: () => void): void {
    const before = this.#current
    this.#current = part
    try {
      work()
    } finally {
      this.#current = before
    }
  }

  #settle(part: Part<string>): void {
    for (const merged of part.merged ?? []) this.#settle(merged)
    if (part.onHandled !== undefined) {
      part.onHandled()
      return
    }
    const moved = this.#prefix.settle(part)
    if (moved !== undefined) this.#save(moved.end)
  }
}

export function readLastEventId(event: unknown): string {
  const id = typeof event === 'object' && event !== null ? Reflect.get(event, 'lastEventId') : undefined
  if (typeof id === 'string') return id
  throw new TypeError(
    `commit needs events with a lastEventId, not ${describeValue(event)}. Pass the stage of the operator above that changes them, or of the first of several, as \`after\``,
  )
}

/** `commit` cannot see whether an event between two stages was filtered or is held. */
function createGapError(above: Stage, below: Stage): Error {
  return new Error(
    `commit: an operator between the stages "${above.name}" and "${below.name}" filters or holds events. Give it a stage too, or put it above them`,
  )
}
