import type { EventLog } from '@rxsse/server'

/** The last messages of a log, with the id to resume after them: a page shows them first and misses nothing in between. */
export interface History {
  readonly lastEventId: string
  readonly messages: readonly { readonly type: string; readonly data: unknown }[]
}

/** Reads `capacity` messages of each type, and a single one of those types that tell a whole state. */
export async function readHistory(
  log: EventLog,
  capacity: number,
  states: readonly string[] = [],
): Promise<History> {
  const kept = new Map<string, { offset: number; message: History['messages'][number] }[]>()
  // Where nothing is there yet; asked before reading, as what comes in between is read.
  let { id: lastEventId } = await log.head()
  let after = 0
  for (let more = true; more; ) {
    const page = await log.since(after, { limit: 1_000 })
    for (const { id, offset, message } of page.entries) {
      const type = message.type ?? 'message'
      const messages = kept.get(type) ?? []
      kept.set(type, messages)
      messages.push({ offset, message: { type, data: JSON.parse(message.data) } })
      if (messages.length > (states.includes(type) ? 1 : capacity)) messages.shift()
      lastEventId = id
    }
    after = page.end
    more = page.more
  }
  const messages = [...kept.values()].flat().sort((a, b) => a.offset - b.offset)
  return { lastEventId, messages: messages.map(({ message }) => message) }
}
