/** The Redis keys of a job's store. Redis Cluster hashes only the part in braces, so all share a slot with the log. */
export interface StoreKeys {
  /** A string: the token of the process that was last given the right to run the job. */
  readonly fence: string
  /** A string that expires: the same token, while the lease lasts. */
  readonly lease: string
  /** A hash: the header of each snapshot, by its id. */
  readonly snapshots: string
  /** A hash: the pieces of one snapshot, by their numbers. */
  pieces(id: string): string
}

export function createStoreKeys(key: string, job: string): StoreKeys {
  const prefix = `{${key}}:job:${job}`
  return {
    fence: `${prefix}:fence`,
    lease: `${prefix}:lease`,
    snapshots: `${prefix}:snapshots`,
    pieces: (id) => `${prefix}:snapshot:${id}`,
  }
}
