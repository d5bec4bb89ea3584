import { decode, type SseEvent } from '@rxsse/operators'
import { Observable } from 'rxjs'
import { z } from 'zod'
import type { Contender, Suite } from '../harness/suite.ts'
import { emitAll } from './readings.ts'

const CONCURRENCY = 16

type Schema = Parameters<typeof decode>[0]
type Pipeline = (source: Observable<SseEvent>) => Observable<unknown>

/** The least that an asynchronous schema can cost. */
const trivial: Schema = {
  '~standard': { version: 1, vendor: 'bench', validate: async (value) => ({ value }) },
}

const known = new Set(Array.from({ length: 1000 }, (_, i) => `us${i}`))
const zod = z
  .object({ id: z.string(), time: z.number(), magnitude: z.number().nullable() })
  .refine(async ({ id }) => known.has(id))

function createContender(name: string, pipeline: Pipeline): Contender {
  return {
    name,
    prepare() {
      const events = Array.from({ length: 1000 }, (_, i): SseEvent => {
        const quake = { id: `us${i}`, time: 1.7e12 + i, magnitude: (i % 90) / 10 }
        return { type: 'quake', data: JSON.stringify(quake), lastEventId: String(i) }
      })
      const results = pipeline(emitAll(events, () => events.length))
      return {
        async run(operations) {
          let count = 0
          for (let i = 0; i < operations; i += events.length) {
            await new Promise<void>((complete, error) => {
              results.subscribe({ next: () => count++, complete, error })
            })
          }
          return { results: count }
        },
      }
    },
  }
}

const decodeWith =
  (schema: Schema): Pipeline =>
  (source) =>
    source.pipe(decode(schema, { concurrency: CONCURRENCY }))

/** What one would write: 16 loops that take the next event each, and the results in order. */
const loopWith =
  (validate: (value: unknown) => Promise<{ readonly data?: unknown; readonly error?: unknown }>): Pipeline =>
  (source) =>
    new Observable((out) => {
      const events: SseEvent[] = []
      const results: SseEvent<unknown>[] = []
      let started = 0
      let emitted = 0
      const run = async (): Promise<void> => {
        while (started < events.length) {
          const place = started++
          const { type, data, lastEventId } = events[place] as SseEvent
          const valid = await validate(JSON.parse(data))
          if (valid.error !== undefined) throw valid.error
          results[place] = { type, data: valid.data, lastEventId }
          for (; results[emitted] !== undefined; emitted++) out.next(results[emitted])
        }
      }
      source.subscribe((event) => events.push(event))
      Promise.all(Array.from({ length: CONCURRENCY }, run)).then(
        () => out.complete(),
        (error: unknown) => out.error(error),
      )
    })

const TRIVIAL = 'a bounded loop by hand, a trivial schema'
const ZOD = 'a bounded loop by hand, zod'

export const suite: Suite = {
  title: 'Decoding with an asynchronous schema',
  description:
    'Events with a JSON object of three fields, parsed and validated, at most 16 at a time and in order. The trivial schema returns a promise of its input. That of zod has an asynchronous refinement.',
  operation: 'event',
  operations: { full: 1_000_000, quick: 300_000, warmUp: 300_000 },
  contenders: [
    createContender('decode, a trivial schema', decodeWith(trivial)),
    createContender('decode, zod', decodeWith(zod)),
    createContender(
      TRIVIAL,
      loopWith(async (data) => ({ data })),
    ),
    createContender(
      ZOD,
      loopWith((value) => zod.safeParseAsync(value)),
    ),
  ],
  ours: ['decode, a trivial schema', 'decode, zod'],
  targets: [
    { contender: 'decode, a trivial schema', against: TRIVIAL, atMost: 1.2 },
    { contender: 'decode, zod', against: ZOD, atMost: 1.2 },
  ],
}
