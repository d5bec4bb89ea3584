import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { createSnapshotStore, type Snapshot, SnapshotStoreError } from '@rxsse/shared'
import type { Connection } from '../connection/connection.ts'
import type { ConnectionSettings } from '../connection/connection-options.ts'
import type { OutageReporter } from '../connection/outage-reporter.ts'
import { runScript } from '../scripts/script.ts'
import type { Right } from './fence.ts'
import { LeaseHolder } from './lease-holder.ts'
import { SnapshotKeys } from './snapshot-keys.ts'
import type { StoreKeys } from './store-keys.ts'

export interface StoreContext {
  readonly connection: Connection
  readonly settings: ConnectionSettings
  readonly outages: OutageReporter
  /** Milliseconds. */
  readonly lease: number
}

/** The snapshots of a job or of one shard, and the right to run it. */
export class LeasedStore implements Right {
  readonly fenceKey: string
  readonly holder: LeaseHolder
  readonly #store: ReturnType<typeof createSnapshotStore>
  #isClosed = false

  constructor(keys: StoreKeys, { connection, settings, outages, lease }: StoreContext) {
    this.fenceKey = keys.fence
    this.holder = new LeaseHolder({
      duration: lease,
      ...settings,
      run: (script, args) =>
        connection.try((client) =>
          runScript(client, script, { keys: [keys.fence, keys.lease, keys.nodes], arguments: [...args] }),
        ),
      reportFailure: (failure) => connection.reportFailure(failure),
      call: (listener) => outages.call(listener),
    })
    this.#store = createSnapshotStore({
      name: 'redisStore',
      backend: new SnapshotKeys({ keys, connection, settings, outages, holder: this.holder }),
      crc32,
      createId: randomUUID,
      nextTurn,
    })
  }

  get token(): string | undefined {
    return this.holder.token
  }

  lose(token: string): void {
    this.holder.lose(token)
  }

  async load(): Promise<Snapshot | undefined> {
    return this.#store.load()
  }

  async save(snapshot: Snapshot): Promise<void> {
    // Closing releases the lease, so a closed store has lost it too.
    this.assertOpen()
    // Also if Redis cannot be asked.
    this.holder.requireToken()
    await this.#store.save(snapshot)
  }

  assertOpen(): void {
    if (this.#isClosed) throw new SnapshotStoreError('closed', 'redisStore is closed')
  }

  /** Releases the right. Resolves when no save is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#store.close()
  }
}
