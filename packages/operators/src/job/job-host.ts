import { optionError } from '@rxsse/shared'
import { BehaviorSubject, type Observable } from 'rxjs'
import { JobRun, type RunOptions } from './job-run.ts'
import { IDLE, type JobStatus, type SavedSnapshot } from './job-status.ts'

/** Starts a run with the first part of a job that is subscribed, and ends it with the last one. */
export class JobHost {
  readonly #options: Omit<RunOptions, 'report'>
  readonly #status = new BehaviorSubject<JobStatus>(IDLE)
  readonly #names = new Map<string, string>()
  #run: JobRun | undefined
  /** The parts of each run that are subscribed. */
  readonly #members = new Map<JobRun, number>()
  /** Settles when the runs before write nothing any more. */
  #previous: Promise<unknown> = Promise.resolve()

  constructor(options: Omit<RunOptions, 'report'>) {
    this.#options = options
  }

  get status(): Observable<JobStatus> {
    return this.#status.asObservable()
  }

  /** Checks a name, which ids of results begin with. Two things of different kinds cannot have one name. */
  name(name: string, kind: string, option: string): void {
    if (typeof name !== 'string' || !/^[^|#~]+$/.test(name)) {
      throw optionError(option, 'a string without |, # and ~', name)
    }
    const known = this.#names.get(name) ?? kind
    if (known !== kind) throw optionError(option, `another name than that of a ${known}`, name)
    this.#names.set(name, kind)
  }

  join(): JobRun {
    const run = this.#run === undefined || this.#run.hasEnded ? this.#start(this.#run) : this.#run
    this.#members.set(run, (this.#members.get(run) ?? 0) + 1)
    return run
  }

  leave(run: JobRun): void {
    const left = (this.#members.get(run) ?? 0) - 1
    this.#members.set(run, left)
    if (left > 0) return
    this.#members.delete(run)
    if (this.#run === run) this.#run = undefined
    this.#settle(run)
  }

  snapshot(): Promise<SavedSnapshot> {
    if (this.#run === undefined) return Promise.reject(new Error('job.snapshot: nothing is subscribed'))
    return this.#run.snapshot()
  }

  /** `failed`: a run that has failed, and that not every stream has left yet. */
  #start(failed: JobRun | undefined): JobRun {
    if (failed !== undefined) this.#settle(failed)
    const { saved } = this.#status.value
    const run: JobRun = new JobRun({
      ...this.#options,
      report: (status) => {
        if (this.#run === run || this.#run === undefined) this.#status.next(tellLoss(status, saved))
      },
    })
    this.#run = run
    this.#status.next(run.status)
    void run.start(this.#previous)
    return run
  }

  #settle(run: JobRun): void {
    const end = run.end().catch(() => {})
    this.#previous = this.#previous.then(() => end)
  }
}

/** A run whose store has lost what a run before it had saved says so: the store was emptied, or put back from a backup. */
function tellLoss(status: JobStatus, saved: SavedSnapshot | undefined): JobStatus {
  const { phase, restoredFrom, damaged } = status
  const hasBegun = phase === 'running' || phase === 'snapshotting'
  if (saved === undefined || !hasBegun || restoredFrom >= saved.number || damaged.length > 0) return status
  const others = restoredFrom === 0 ? ', and so are all others' : ''
  return { ...status, damaged: [`snapshot ${saved.number}: it is gone${others}`] }
}
