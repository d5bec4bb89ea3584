/** The Redis keys of one log. Redis Cluster hashes only the part in braces, so all of them share a slot. */
export interface LogKeys {
  /** A hash: the present term of the log, its bounds, and the terms before it. */
  readonly metadata: string
  /** A stream: the entries. */
  readonly events: string
  /** A sorted set: source ids, each scored by the offset of its entry. */
  readonly sources: string
  /** A sorted set: the messages' own ids, each scored by the offset of its entry. */
  readonly ids: string
  /** A hash: the latest batch of one writer, and its answer. */
  writer(name: string): string
}

export function createLogKeys(key: string): LogKeys {
  const tag = `{${key}}`
  return {
    metadata: `${tag}:metadata`,
    events: `${tag}:events`,
    sources: `${tag}:sources`,
    ids: `${tag}:ids`,
    writer: (name) => `${tag}:writer:${name}`,
  }
}
