import { decode, type SseEvent } from '@rxsse/operators'
import { map, type Observable } from 'rxjs'
import { z } from 'zod'
import type { Contender, Suite } from '../harness/suite.ts'
import { drain, emitAll } from './readings.ts'

const Quake = z.object({
  id: z.string(),
  time: z.number(),
  magnitude: z.number().nullable(),
  place: z.string(),
  coordinates: z.tuple([z.number(), z.number(), z.number()]),
})

const createContender = (
  name: string,
  pipeline: (source: Observable<SseEvent>) => Observable<unknown>,
): Contender => ({
  name,
  prepare() {
    const events = Array.from({ length: 1000 }, (_, i): SseEvent => {
      const quake = {
        id: `us${i}`,
        time: 1.7e12 + i,
        magnitude: (i % 90) / 10,
        place: `${i} km S of Nowhere, Alaska`,
        coordinates: [i % 180, i % 90, i / 7],
      }
      return { type: 'quake', data: JSON.stringify(quake), lastEventId: String(i) }
    })
    const results = pipeline(emitAll(events, () => events.length))
    return {
      run(operations) {
        for (let i = 0; i < operations; i += events.length) drain(results)
      },
    }
  },
})

export const suite: Suite = {
  title: 'Decoding',
  description: 'Events with a JSON object of five fields, about 130 bytes, parsed and validated with zod.',
  operation: 'event',
  operations: { full: 1_500_000, quick: 400_000, warmUp: 400_000 },
  contenders: [
    createContender('decode', (source) => source.pipe(decode(Quake))),
    createContender('JSON.parse and safeParse by hand, in a map', (source) =>
      source.pipe(
        map((event) => {
          const result = Quake.safeParse(JSON.parse(event.data))
          if (!result.success) throw result.error
          return { type: event.type, data: result.data, lastEventId: event.lastEventId }
        }),
      ),
    ),
  ],
  targets: [{ contender: 'decode', against: 'JSON.parse and safeParse by hand, in a map', atMost: 1.15 }],
}
