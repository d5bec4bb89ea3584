/** The keys of one log. What is in braces is all that Redis Cluster hashes, so they share a slot. */
export interface Keys {
  /** The state as a hash: the present term, where it stands, and the terms before it. */
  readonly life: string
  /** The entries as a stream. */
  readonly events: string
  /** Source ids, each with the offset of its entry. */
  readonly sources: string
  /** Messages' own ids, each with the offset of its entry. */
  readonly ids: string
  /** What a writer's last batch came to. */
  writer(name: string): string
}

export function keysOf(key: string): Keys {
  const tag = `{${key}}`
  return {
    life: `${tag}:life`,
    events: `${tag}:events`,
    sources: `${tag}:sources`,
    ids: `${tag}:ids`,
    writer: (name) => `${tag}:writer:${name}`,
  }
}
