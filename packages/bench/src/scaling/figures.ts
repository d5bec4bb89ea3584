/** What was measured on one machine; the model and the simulation know nothing else. Times are microseconds of CPU. */
export interface Figures {
  readonly machine: string
  readonly date: string
  /** One delivery to one connection: an event alone in its tick, and one of sixteen. */
  readonly delivery: { readonly alone: number; readonly ofSixteen: number }
  /** Accepting a connection, up to its first block. */
  readonly join: { readonly fresh: number; readonly resuming: number; readonly tls: number }
  /** KiB of an idle connection: resident in the process, and in the kernel. */
  readonly memory: { readonly resident: number; readonly kernel: number }
  /** An event in Redis: publishing it, its reading by one node, and what that node's process spends on it. */
  readonly redis: { readonly append: number; readonly read: number; readonly node: number }
}

/** CPU time of a delivery where so many events share a tick: a write, shared out, and the event itself. */
export function deliveryCost({ delivery: { alone, ofSixteen } }: Figures, eventsATick: number): number {
  const write = ((alone - ofSixteen) * 16) / 15
  return alone - write + write / eventsATick
}
