/** The last messages of a sink, with the id to resume after them: a page shows them first and misses nothing in between. */
export interface History<T> {
  add(message: T, id: string): void
  snapshot(): { readonly lastEventId: string; readonly messages: readonly T[] }
}

/** Keeps `capacity` messages of each type, and a single one of those types that tell a whole state. */
export function createHistory<T extends { readonly type: string }>(
  capacity: number,
  states: readonly string[] = [],
): History<T> {
  let lastEventId = ''
  let order = 0
  const kept = new Map<string, { order: number; message: T }[]>()
  return {
    add(message, id) {
      lastEventId = id
      const messages = kept.get(message.type) ?? []
      kept.set(message.type, messages)
      order += 1
      messages.push({ order, message })
      if (messages.length > (states.includes(message.type) ? 1 : capacity)) messages.shift()
    },
    snapshot() {
      const messages = [...kept.values()].flat().sort((a, b) => a.order - b.order)
      return { lastEventId, messages: messages.map(({ message }) => message) }
    },
  }
}
