import { z } from 'zod'

/** Schemas of the feed's events, by event type. */
export const FEED_EVENTS = {
  quake: z.object({
    code: z.string(),
    /** Epoch milliseconds. */
    time: z.number(),
    magnitude: z.number(),
    place: z.string(),
    /** Kilometres. */
    depth: z.number(),
    lap: z.number(),
  }),
  price: z.object({
    date: z.iso.date(),
    close: z.number().positive(),
    lap: z.number(),
  }),
}

export type Quake = z.infer<typeof FEED_EVENTS.quake>
export type Price = z.infer<typeof FEED_EVENTS.price>
