/** The measurements of one machine, the only input of the model and the simulation. Times are microseconds of CPU. */
export interface Figures {
  readonly machine: string
  readonly date: string
  /** One delivery to one connection, for one event a tick and for sixteen. */
  readonly delivery: { readonly alone: number; readonly ofSixteen: number }
  /** Accepting a connection, up to its first block of the stream. */
  readonly join: { readonly fresh: number; readonly resuming: number; readonly tls: number }
  /** KiB of an idle connection: in the process, and in the kernel. */
  readonly memory: { readonly resident: number; readonly kernel: number }
  /** An event in Redis: publishing it, one node's reading of it, and the cost in that node's process. */
  readonly redis: { readonly append: number; readonly read: number; readonly node: number }
}

/** CPU time of a delivery: the event itself, and its share of the write for all events of the tick. */
export function deliveryCost({ delivery: { alone, ofSixteen } }: Figures, eventsPerTick: number): number {
  const write = ((alone - ofSixteen) * 16) / 15
  return alone - write + write / eventsPerTick
}
