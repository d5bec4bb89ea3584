import { optionError, requireInteger } from '@rxsse/shared'
import {
  type ConnectionOptions,
  type ConnectionSettings,
  resolveConnectionOptions,
} from '../connection/connection-options.ts'
import { type Fence, FIND_RIGHT } from '../store/fence.ts'

export interface RedisLogOptions extends ConnectionOptions {
  /** The number of entries that are kept, exactly; the oldest go first. The same on every node. Default 100,000. */
  readonly maxLength?: number
  /** Whose ids clients see, as for `memoryLog`. The same on every node. Default `'epoch'`. */
  readonly ids?: 'epoch' | 'message'
  /**
   * What a call does while Redis is away: `'wait'` until it is back, at most for `timeout`; or `'fail'` at once.
   * Default `'wait'`.
   */
  readonly whenAway?: 'wait' | 'fail'
  /**
   * The store of a job: only the process that has the right to run the job may append, and Redis checks it with each
   * append. Elsewhere `append` rejects with `lease-lost`; reading works on every node. The store must be on the
   * same server as the log, and have the same `key`.
   * If the job has shards, a message needs the right to run the shard that made it. Its source id tells which: it must be
   * the `id` that `shard.deliver` gives.
   */
  readonly fence?: Fence
}

export type LogSettings = ConnectionSettings &
  Required<Pick<RedisLogOptions, 'maxLength' | 'ids' | 'whenAway'>> & { readonly fence: Fence | undefined }

export function resolveLogOptions(options: RedisLogOptions): LogSettings {
  const { maxLength = 100_000, ids = 'epoch', whenAway = 'wait' } = options
  const connectionSettings = resolveConnectionOptions(options, 'redisLog')
  return {
    ...connectionSettings,
    fence: checkFence(options.fence, connectionSettings.key),
    maxLength: requireInteger(maxLength, 'redisLog: maxLength', 1),
    ids: requireOneOf(ids, 'redisLog: ids', ['epoch', 'message']),
    whenAway: requireOneOf(whenAway, 'redisLog: whenAway', ['wait', 'fail']),
  }
}

/** A script can check the fence only if Redis Cluster keeps it with the log. */
function checkFence(fence: Fence | undefined, key: string): Fence | undefined {
  if (fence === undefined) return fence
  const isFence = typeof fence?.[FIND_RIGHT] === 'function'
  if (isFence && fence.key === key) return fence
  throw optionError(
    'redisLog: fence',
    `a redisStore whose key is '${key}', as the log's`,
    isFence ? fence.key : fence,
  )
}

function requireOneOf<T extends string>(value: T, option: string, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  throw optionError(option, choices.map((choice) => `'${choice}'`).join(' or '), value)
}
