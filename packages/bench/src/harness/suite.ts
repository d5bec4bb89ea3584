/**
 * Contenders at one job, measured beside one another. A file `src/<folder>/<name>.suite.ts` that exports a `suite` is found and run.
 * Every measurement runs in a fresh process that does its own side of the job alone; what it talks to belongs into another process,
 * see `startOtherSide`.
 */
export interface Suite {
  /** Heading of the table. */
  readonly title: string
  /** What was done, with sizes and counts: a sentence or two below the heading. */
  readonly description: string
  /** What one operation is, in the singular: `event`, `delivery`. */
  readonly operation: string
  /** Operations of one measurement, of a `--quick` one, and of the warm-up before either; a quick one warms up for no longer than it measures. */
  readonly operations: { readonly full: number; readonly quick: number; readonly warmUp: number }
  /** In the order of the table. The first is the one the others are compared with, and ours. */
  readonly contenders: readonly Contender[]
  readonly targets?: readonly Target[]
}

export interface Contender {
  readonly name: string
  /** Builds up what is not to be measured: servers, connections, data, the other side. For a quick look it may be less of it. */
  prepare(quick: boolean): Prepared | Promise<Prepared>
}

export interface Prepared {
  /**
   * Does so many operations and resolves when the last is done; called once to warm up, then once measured. May return figures of its
   * own, by the heading of their column.
   */
  run(operations: number): RunResult | Promise<RunResult>
  stop?(): void | Promise<void>
  /** CPU time so far of what is measured, where that is another process: an nginx, say. Default: that of this one. */
  cpuUsage?(): NodeJS.CpuUsage
}

// biome-ignore lint/suspicious/noConfusingVoidType: a run without figures returns nothing
export type RunResult = void | Readonly<Record<string, number>>

/** `contender` is to cost at most `atMost` times what `against` costs. */
export interface Target {
  readonly contender: string
  readonly against: string
  readonly atMost: number
}
