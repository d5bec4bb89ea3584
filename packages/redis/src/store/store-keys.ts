/** The Redis keys of a job's store. Redis Cluster hashes only the part in braces, so all share a slot with the log. */
export interface StoreKeys {
  /** A string: the token of the process that was last given the right to run the job. */
  readonly fence: string
  /** A string that expires: the same token, while the lease lasts. */
  readonly lease: string
  /** A hash: the number of shards of the job, and the nodes that share them out. */
  readonly nodes: string
  /** A hash: the header of each snapshot, by its id. */
  readonly snapshots: string
  /** A hash: the pieces of one snapshot, by their numbers. */
  pieces(id: string): string
}

export function createStoreKeys(key: string, job: string): StoreKeys {
  return createKeys(`{${key}}:job:${job}`)
}

/** The keys of one shard of the job. */
export function createShardKeys(key: string, job: string, index: number): StoreKeys {
  return createKeys(`{${key}}:shard:${index}:${job}`)
}

function createKeys(prefix: string): StoreKeys {
  return {
    fence: `${prefix}:fence`,
    lease: `${prefix}:lease`,
    nodes: `${prefix}:nodes`,
    snapshots: `${prefix}:snapshots`,
    pieces: (id) => `${prefix}:snapshot:${id}`,
  }
}
