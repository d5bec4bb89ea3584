/**
 * Contenders at one job, which are measured and compared. Each file `src/<folder>/<name>.suite.ts` exports a `suite`.
 * Every measurement runs in a new process that does only its own side of the job. The other side runs in another
 * process, see `startOtherSide`.
 */
export interface Suite {
  /** The heading of the table. */
  readonly title: string
  /** One or two sentences below the heading: the job, with sizes and counts. */
  readonly description: string
  /** The name of one operation in the singular: `event`, `delivery`. */
  readonly operation: string
  /**
   * The operations of one measurement, of a `--quick` measurement, and of the warm-up before it. The warm-up of a
   * quick measurement has at most as many operations as the measurement.
   */
  readonly operations: { readonly full: number; readonly quick: number; readonly warmUp: number }
  /** In the order of the table. The first is ours, and the others are compared with it. */
  readonly contenders: readonly Contender[]
  /** The contenders that use this repository's packages. Default: the first one. */
  readonly ours?: readonly string[]
  readonly targets?: readonly Target[]
}

export interface Contender {
  readonly name: string
  /** Sets up everything that is not measured: servers, connections, data, the other side. It may set up less if `quick` is true. */
  prepare(quick: boolean): Prepared | Promise<Prepared>
}

export interface Prepared {
  /**
   * Does this many operations and resolves after the last one. It is called once to warm up and once to measure. It may
   * return further figures by the heading of their column.
   */
  run(operations: number): RunResult | Promise<RunResult>
  stop?(): void | Promise<void>
  /** Returns the CPU time of the measured process so far. Default: that of this process. */
  cpuUsage?(): NodeJS.CpuUsage
}

// biome-ignore lint/suspicious/noConfusingVoidType: a run without figures returns nothing
export type RunResult = void | Readonly<Record<string, number>>

/** The target that `contender` costs at most `atMost` times as much as `against`. */
export interface Target {
  readonly contender: string
  readonly against: string
  readonly atMost: number
}
