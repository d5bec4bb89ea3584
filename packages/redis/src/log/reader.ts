import type { GapReason, LogPosition, PageBounds } from '@rxsse/server'
import { type Failure, type Outcome, readAnswer } from '../connection/connection.ts'
import { RedisError } from '../connection/redis-error.ts'
import { retry } from '../connection/retry.ts'
import { readScript, runScript } from '../scripts/script.ts'
import { createEpoch, decodeEntry, type StoredEntry } from './entry.ts'
import type { LogContext } from './log-context.ts'

/** One page of the log. */
export interface Page {
  readonly head: LogPosition
  /** The entries follow this position. */
  readonly after: LogPosition
  readonly gap: { readonly reason: GapReason; readonly missed: number | undefined } | undefined
  readonly entries: readonly StoredEntry[]
}

export type ReadFrom = { readonly id: string } | { readonly offset: number } | 'head'

/** Reads entries that follow `from`, within the bounds. Rejects with a {@link RedisError}. */
export async function readPage(from: ReadFrom, bounds: PageBounds, context: LogContext): Promise<Page> {
  const { connection, settings, outages } = context
  const result = await retry(() => tryReadPage(from, bounds, context), isFinal, settings)
  if (result === 'timeout') {
    const text = `Redis did not answer within ${settings.timeout} ms`
    throw new RedisError('timeout', text, { cause: outages.latestError })
  }
  if ('answer' in result) return result.answer
  const { error, kind } = result.failure
  if (connection.closed) throw new RedisError('closed', 'the log is closed')
  if (kind === 'refused') throw new RedisError('refused', 'Redis refused to read the log', { cause: error })
  const cause = outages.latestError ?? error
  throw new RedisError('unavailable', 'there is no connection to Redis', { cause })

  function isFinal({ kind: failureKind }: Failure): boolean {
    if (connection.closed || failureKind === 'refused') return true
    if (failureKind === 'interrupted') return settings.whenAway === 'fail'
    return !outages.shouldWait(settings.whenAway)
  }
}

export function tryReadPage(
  from: ReadFrom,
  { limit, maxBytes = MAX_PAGE_BYTES }: PageBounds,
  context: LogContext,
): Promise<Outcome<Page>> {
  const { connection, keys, settings, watermark } = context
  const [kind, value] =
    from === 'head' ? ['head', ''] : 'id' in from ? ['id', from.id] : ['offset', String(from.offset)]
  return connection.try(async (client) => {
    const answer = await runScript(client, readScript, {
      keys: [keys.metadata, keys.events, keys.sources, keys.ids],
      arguments: [
        createEpoch(),
        `${watermark}`,
        kind,
        value,
        String(limit),
        String(Math.min(maxBytes, MAX_PAGE_BYTES)),
      ],
    })
    const page = readAnswer(() => parsePage(answer as Answer, settings.ids))
    watermark.raise(page.head.id, page.head.offset)
    return page
  })
}

/** To find a position without reading entries. */
export const NOTHING: PageBounds = { limit: 0 }

/** A page ends when it holds about this many bytes, however many it may. */
const MAX_PAGE_BYTES = 1024 * 1024

type Answer = [
  headId: string,
  headOffset: string,
  afterId: string,
  afterOffset: string,
  reason: GapReason | '',
  missed: string,
  entries: [streamId: string, fields: [i: 'i', logId: string, m: 'm', body: string]][],
]

function parsePage(
  [headId, headOffset, afterId, afterOffset, reason, missed, entries]: Answer,
  ids: 'epoch' | 'message',
): Page {
  return {
    head: { id: headId, offset: Number(headOffset) },
    after: { id: afterId, offset: Number(afterOffset) },
    gap: reason === '' ? undefined : { reason, missed: missed === '' ? undefined : Number(missed) },
    entries: entries.map(([streamId, [, logId, , body]]) =>
      decodeEntry(logId, Number.parseInt(streamId, 10), body, ids),
    ),
  }
}
