import { optionError, requireInteger } from '@rxsse/shared'
import {
  type ConnectionOptions,
  type ConnectionSettings,
  resolveConnectionOptions,
} from '../connection/connection-options.ts'

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
}

export type LogSettings = ConnectionSettings &
  Required<Pick<RedisLogOptions, 'maxLength' | 'ids' | 'whenAway'>>

export function resolveLogOptions(options: RedisLogOptions): LogSettings {
  const { maxLength = 100_000, ids = 'epoch', whenAway = 'wait' } = options
  return {
    ...resolveConnectionOptions(options, 'redisLog'),
    maxLength: requireInteger(maxLength, 'redisLog: maxLength', 1),
    ids: requireOneOf(ids, 'redisLog: ids', ['epoch', 'message']),
    whenAway: requireOneOf(whenAway, 'redisLog: whenAway', ['wait', 'fail']),
  }
}

function requireOneOf<T extends string>(value: T, option: string, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  throw optionError(option, choices.map((choice) => `'${choice}'`).join(' or '), value)
}
