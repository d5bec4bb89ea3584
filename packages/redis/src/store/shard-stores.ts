import { type LeaseRequest, optionError, type ShardName, type SnapshotStore } from '@rxsse/shared'
import { runScript } from '../scripts/script.ts'
import type { Right } from './fence.ts'
import { LeasedStore, type StoreContext } from './leased-store.ts'
import { ShardAllocator } from './shard-allocator.ts'
import { createShardKeys, createStoreKeys } from './store-keys.ts'

/** The store of one shard of a job. */
export interface RedisShardStore extends SnapshotStore {
  /** The token of this process. Undefined if it does not have the right to run the shard. */
  readonly token: string | undefined
  acquire(): LeaseRequest
}

export interface ShardStoresOptions extends StoreContext {
  readonly key: string
  readonly job: string
}

/** The stores of all shards of a job. */
export class ShardStores {
  readonly #stores: readonly LeasedStore[]
  readonly #allocator: ShardAllocator

  constructor(count: number, { key, job, ...context }: ShardStoresOptions) {
    const { connection, settings, lease } = context
    const { nodes } = createStoreKeys(key, job)
    const keys = Array.from({ length: count }, (_, index) => createShardKeys(key, job, index))
    this.#stores = keys.map((each) => new LeasedStore(each, context))
    this.#allocator = new ShardAllocator({
      shards: this.#stores.map(({ holder }, index) => ({
        holder,
        keys: keys[index] as (typeof keys)[number],
      })),
      duration: lease,
      scheduler: settings.scheduler,
      run: (script, others, args) =>
        connection.try((client) =>
          runScript(client, script, { keys: [nodes, ...others], arguments: [...args] }),
        ),
      reportFailure: (failure) => connection.reportFailure(failure),
    })
  }

  get(index: number, count: number): RedisShardStore {
    if (count !== this.#stores.length)
      throw optionError('redisStore: shard: count', `${this.#stores.length}, as before`, count)
    const store = this.#stores[index]
    if (store === undefined)
      throw optionError('redisStore: shard: index', `a whole number below ${count}`, index)
    const allocator = this.#allocator
    return {
      get token() {
        return store.token
      },
      load: () => store.load(),
      save: (snapshot) => store.save(snapshot),
      acquire() {
        store.assertOpen()
        return allocator.acquire(index)
      },
    }
  }

  find(name: ShardName | undefined): Right | undefined {
    return name?.count === this.#stores.length ? this.#stores[name.index] : undefined
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()))
    await this.#allocator.close()
  }
}
