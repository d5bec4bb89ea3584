import { z } from 'zod'

/** What the feed sends, by event type. */
export const feedEvents = {
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

export type Quake = z.infer<typeof feedEvents.quake>
export type Price = z.infer<typeof feedEvents.price>
