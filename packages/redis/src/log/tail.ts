import type { LogEntry, LogGap, LogPosition } from '@rxsse/server'
import { type Failure, QUIET } from './connection.ts'
import { decodeEntry, type PlacedEntry, parsePlace, placeBefore } from './entry.ts'
import { RedisError } from './errors.ts'
import { pause } from './pause.ts'
import { type ReaderContext, type Reading, tryReading } from './reader.ts'

/**
 * Follows the log from a concrete position on a connection of its own, for as long as that is open.
 *
 * Where what follows the position is not what came after it (Redis lost data, or trimmed more than this process had
 * read), the listener gets a gap with what follows it, so that readers who are connected know as much as those who
 * resume.
 */
export async function follow(
  from: LogPosition,
  listener: (entries: readonly LogEntry[], gap?: LogGap) => void,
  context: ReaderContext,
): Promise<void> {
  const { connection, keys, settings, faults, horizon } = context
  let position = from
  // Where it has read up to: beyond the position where somebody else has put something into the stream.
  let read = streamId(position)
  let certain = false

  for (let tries = 0; !connection.closed; ) {
    const failure = await step()
    if (failure === undefined) {
      tries = 0
      continue
    }
    certain = false
    if (connection.closed) return
    // That there is no connection, the connection itself has told.
    if (failure.how !== 'unsent') faults.report(failure.error)
    await pause(tries++)
  }

  async function step(): Promise<Failure | undefined> {
    if (!certain) {
      // After every reconnection, and now and then where it is quiet: nobody else would notice that all is gone.
      const failure = await checked()
      if (failure !== undefined) return failure
      certain = true
    }
    return readOn()
  }

  async function readOn(): Promise<Failure | undefined> {
    const result = await connection.try((client) =>
      client.xRead({ key: keys.events, id: read }, { COUNT: PAGE, BLOCK: QUIET }),
    )
    if ('failure' in result) return result.failure
    const streams = result.answer as Streams | null
    const messages = streams?.[0]?.messages ?? []
    if (messages.length === 0) certain = false
    const entries: PlacedEntry[] = []
    for (const { id, message } of messages) {
      try {
        entries.push(entryOf(id, message))
      } catch (error) {
        faults.tell(error)
      }
    }
    const failure = await connected(entries)
    if (failure === undefined) read = messages.at(-1)?.id ?? read
    return failure
  }

  function entryOf(id: string, { i: place, m: body }: Fields): PlacedEntry {
    if (place !== undefined && body !== undefined) {
      return decodeEntry(place, Number.parseInt(id, 10), body, settings.ids)
    }
    throw new RedisError('refused', `${keys.events} holds ${id}, which is not of this log; it is left out`)
  }

  /** Delivers entries, each after the one that it follows. */
  async function connected(entries: readonly PlacedEntry[]): Promise<Failure | undefined> {
    const runs: { readonly gap?: LogGap; readonly entries: LogEntry[] }[] = []
    let last = position
    for (const entry of entries) {
      const { epoch, number } = parsePlace(entry.place)
      const before = parsePlace(last.id)
      if (epoch !== before.epoch) {
        const result = await tryReading({ id: last.id }, 0, context)
        if ('failure' in result) return result.failure
        const { gap } = result.answer
        if (gap !== undefined) runs.push({ gap: gapTo(placeBefore(entry), last.id, gap), entries: [] })
      } else if (number !== before.number + 1) {
        const gap = { reason: 'trimmed', missed: number - before.number - 1 } as const
        runs.push({ gap: gapTo(placeBefore(entry), last.id, gap), entries: [] })
      }
      horizon.raise(entry.place, entry.offset)
      if (runs.length === 0) runs.push({ entries: [] })
      runs.at(-1)?.entries.push(entry)
      last = { id: entry.place, offset: entry.offset }
    }
    for (const run of runs) deliver(run.entries, run.gap)
    position = last
    return undefined
  }

  /** Whether what follows the position is what came after it; tells where it is not. */
  async function checked(): Promise<Failure | undefined> {
    const byId = await tryReading({ id: position.id }, 0, context)
    if ('failure' in byId) return byId.failure
    const { gap, after } = byId.answer
    if (gap === undefined) return undefined
    let to = after
    if (to.offset < position.offset) {
      // Those who are connected have had what lies before their position: they go on from there all the same.
      const byOffset = await tryReading({ offset: position.offset }, 0, context)
      if ('failure' in byOffset) return byOffset.failure
      to = { id: byOffset.answer.after.id, offset: Math.max(byOffset.answer.after.offset, position.offset) }
    }
    deliver([], gapTo(to, position.id, gap))
    position = to
    read = streamId(position)
    return undefined
  }

  function deliver(entries: readonly LogEntry[], gap?: LogGap): void {
    if (connection.closed) return
    try {
      listener(entries, gap)
    } catch (error) {
      // A listener's trouble with an entry must not cost it those that follow.
      faults.tell(error)
    }
  }
}

type Streams = readonly { readonly messages: readonly { readonly id: string; readonly message: Fields }[] }[]
type Fields = { readonly i?: string; readonly m?: string }

const PAGE = 256

function streamId({ offset }: LogPosition): string {
  return `${offset}-0`
}

function gapTo(to: LogPosition, from: string, { reason, missed }: NonNullable<Reading['gap']>): LogGap {
  return { reason, from, to, missed }
}
