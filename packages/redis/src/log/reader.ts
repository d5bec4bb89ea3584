import type { GapReason, LogPosition } from '@rxsse/server'
import type { Attempt, Connection } from './connection.ts'
import { decodeEntry, newEpoch, type PlacedEntry } from './entry.ts'
import { RedisError } from './errors.ts'
import type { Faults } from './faults.ts'
import type { Horizon } from './horizon.ts'
import type { Keys } from './keys.ts'
import { pause } from './pause.ts'
import type { Settings } from './redis-log-options.ts'
import { read, run } from './script/script.ts'

/** What there is from a place on. */
export interface Reading {
  readonly head: LogPosition
  /** Where it goes on, strictly after. */
  readonly after: LogPosition
  readonly gap: { readonly reason: GapReason; readonly missed: number | undefined } | undefined
  readonly entries: readonly PlacedEntry[]
}

export interface ReaderContext {
  readonly connection: Connection
  readonly keys: Keys
  readonly settings: Settings
  readonly faults: Faults
  readonly horizon: Horizon
}

export type Place = { readonly id: string } | { readonly offset: number } | 'head'

/** Reads what follows a place, at most `limit` entries of it; rejects with a {@link RedisError}. */
export async function readAfter(place: Place, limit: number, context: ReaderContext): Promise<Reading> {
  const { settings, faults } = context
  let timer: NodeJS.Timeout | undefined
  let over = false
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      over = true
      reject(
        new RedisError('timeout', `Redis did not answer within ${settings.timeout} ms`, {
          cause: faults.latest,
        }),
      )
    }, settings.timeout)
  })
  try {
    return await Promise.race([attempts(), tooLate])
  } finally {
    clearTimeout(timer)
  }

  async function attempts(): Promise<Reading> {
    for (let tries = 0; ; tries++) {
      const result = await tryReading(place, limit, context)
      if ('answer' in result) return result.answer
      const { error, how } = result.failure
      if (context.connection.closed) throw new RedisError('closed', 'the log is closed')
      if (how === 'refused')
        throw new RedisError('refused', 'Redis refused to read the log', { cause: error })
      if (how === 'cut' ? settings.whenAway === 'fail' : !faults.isWorthWaiting(settings.whenAway)) {
        throw new RedisError('unavailable', 'there is no connection to Redis', {
          cause: faults.latest ?? error,
        })
      }
      await pause(tries)
      // Nobody waits for it any more.
      if (over) throw error
    }
  }
}

export function tryReading(
  place: Place,
  limit: number,
  { connection, keys, settings, horizon }: ReaderContext,
): Promise<Attempt<Reading>> {
  const [kind, value] =
    place === 'head' ? ['head', ''] : 'id' in place ? ['id', place.id] : ['offset', String(place.offset)]
  return connection.try(async (client) => {
    const answer = await run(client, read, {
      keys: [keys.life, keys.events, keys.sources, keys.ids],
      arguments: [newEpoch(), `${horizon}`, kind, value, String(limit), PAGE_BYTES],
    })
    const reading = readingOf(answer as Answer, settings.ids)
    horizon.raise(reading.head.id, reading.head.offset)
    return reading
  })
}

/** A page ends when it holds about so much. */
const PAGE_BYTES = String(1024 * 1024)

type Answer = [
  headId: string,
  headOffset: string,
  afterId: string,
  afterOffset: string,
  reason: GapReason | '',
  missed: string,
  entries: [streamId: string, fields: [i: 'i', place: string, m: 'm', body: string]][],
]

function readingOf(
  [headId, headOffset, afterId, afterOffset, reason, missed, entries]: Answer,
  ids: 'epoch' | 'message',
): Reading {
  return {
    head: { id: headId, offset: Number(headOffset) },
    after: { id: afterId, offset: Number(afterOffset) },
    gap: reason === '' ? undefined : { reason, missed: missed === '' ? undefined : Number(missed) },
    entries: entries.map(([streamId, [, place, , body]]) =>
      decodeEntry(place, Number.parseInt(streamId, 10), body, ids),
    ),
  }
}
