import type { EventLog } from '@rxsse/server'

/** The last messages of a log, and the id to resume after them. A page shows them first and misses nothing. */
export interface History {
  readonly lastEventId: string
  readonly messages: readonly { readonly type: string; readonly data: unknown }[]
}

/** Reads the last `capacity` messages of each type, but only the last one of the types in `states`. */
export async function readHistory(
  log: EventLog,
  capacity: number,
  states: readonly string[] = [],
): Promise<History> {
  const kept = new Map<string, { offset: number; message: History['messages'][number] }[]>()
  // The id to resume after if the log is empty. It is read first, so that messages appended meanwhile are not skipped.
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
