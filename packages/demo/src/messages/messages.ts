import { z } from 'zod'

// The page's content security policy forbids the eval that compiled parsers need.
z.config({ jitless: true })

const window = z.object({ start: z.number(), end: z.number() })

/** Schemas of the messages that the sink sends, by event type. Times are epoch milliseconds. */
export const MESSAGES = {
  /** One band in one hour: the number of earthquakes, and the strongest. */
  quakes: z.object({
    window,
    band: z.string(),
    count: z.number(),
    strongest: z.object({ magnitude: z.number(), place: z.string(), time: z.number() }),
  }),
  alert: z.object({ magnitude: z.number(), place: z.string(), time: z.number() }),
  price: z.object({ date: z.string(), close: z.number() }),
  /** A day whose close moved by more than the threshold. `change` is a fraction of the previous close. */
  move: z.object({ date: z.string(), close: z.number(), change: z.number() }),
  /** With `--source`: the number of events of one key in one window of arrival time. */
  count: z.object({ window, key: z.string(), count: z.number() }),
  /** With `--source`: a sample of the events. */
  sample: z.object({ type: z.string(), text: z.string() }),
  /** The process that serves the page, such as `worker 1 of 2`. Empty if there is only one. */
  node: z.object({ name: z.string(), pid: z.number() }),
  status: z.object({
    source: z.string(),
    replay: z.boolean(),
    connection: z.object({
      status: z.enum(['connecting', 'open', 'waiting', 'closed']),
      attempt: z.number(),
      /** Milliseconds until the next attempt, while waiting. */
      remaining: z.number(),
      reason: z.string(),
    }),
    counts: z.object({
      in: z.number(),
      out: z.number(),
      /** Connections that resumed after the last event instead of starting over. */
      resumed: z.number(),
      /** Events that never came, judged by the gaps between ids. */
      missed: z.number(),
      /** Events that came more than once. */
      repeated: z.number(),
    }),
    /** The job that runs the replay's pipeline. Ages are in milliseconds. */
    job: z.optional(
      z.object({
        pid: z.number(),
        saved: z.nullable(z.object({ snapshot: z.number(), age: z.number(), bytes: z.number() })),
        /** The snapshot that this process went on from, how old that was by then, and the time since. */
        restored: z.nullable(z.object({ snapshot: z.number(), age: z.number(), since: z.number() })),
      }),
    ),
  }),
}

export type Messages = { readonly [Type in keyof typeof MESSAGES]: z.infer<(typeof MESSAGES)[Type]> }

export type Message = {
  readonly [Type in keyof Messages]: { readonly type: Type; readonly data: Messages[Type] }
}[keyof Messages]
