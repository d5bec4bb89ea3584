import { z } from 'zod'

// The page's content security policy forbids the eval that compiled parsers need.
z.config({ jitless: true })

const window = z.object({ start: z.number(), end: z.number() })

/** Schemas of the messages that the sinks send, by event type. Times are epoch milliseconds. */
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
  /** The node that serves the page: its number, the number of nodes, and its process id. */
  node: z.object({ number: z.number(), of: z.number(), pid: z.number() }),
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
      dropped: z.number(),
      resumed: z.number(),
      missed: z.number(),
      repeated: z.number(),
    }),
  }),
}

export type Messages = { readonly [Type in keyof typeof MESSAGES]: z.infer<(typeof MESSAGES)[Type]> }
