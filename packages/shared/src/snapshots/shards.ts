import type { SnapshotStore } from './snapshot-store.ts'

/** One shard of a job. */
export interface ShardName {
  /** From 0. */
  readonly index: number
  readonly count: number
}

/** What the ids of the results of a shard begin with. A log sees from it which shard has made a message. */
export function formatShardPrefix({ index, count }: ShardName): string {
  return `${index}/${count}|`
}

/** The shard that has made the result with this id. Undefined if it is of a job without shards. */
export function parseShardPrefix(id: string): ShardName | undefined {
  const [, index, count] = /^(\d+)\/(\d+)\|/.exec(id) ?? []
  return index === undefined ? undefined : { index: Number(index), count: Number(count) }
}

/** A store on one machine with a store for each shard, which `open` opens when it is first asked for. */
export function withShards<S extends SnapshotStore>(
  store: S,
  open: (index: number) => SnapshotStore,
): S & Required<Pick<SnapshotStore, 'shard' | 'close'>> {
  const shards = new Map<number, SnapshotStore>()
  return {
    ...store,
    shard(index) {
      const shard = shards.get(index) ?? open(index)
      shards.set(index, shard)
      return shard
    },
    async close() {
      await Promise.all([store, ...shards.values()].map(async (each) => each.close?.()))
    },
  }
}
