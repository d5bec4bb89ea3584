import { type Duration, parseDuration } from './duration.ts'

export interface RedisLogOptions {
  /** Where Redis is: `redis://user:password@host:6379/0`, `rediss://` for TLS. This or `client`. */
  readonly url?: string
  /**
   * A client of the `redis` package to take the settings of: `createClient`, `createCluster` or `createSentinel`.
   * The log opens connections of its own by `client.duplicate()` and closes those alone; it need not be connected.
   */
  readonly client?: RedisLogClient
  /** Names the log: every node with the same key shares its events. Default `'rxsse'`. */
  readonly key?: string
  /** How many entries are kept, exactly; the oldest go first. The same on every node. Default 100,000. */
  readonly maxLength?: number
  /** As for `memoryLog`: whose ids readers see. The same on every node. Default `'epoch'`. */
  readonly ids?: 'epoch' | 'message'
  /**
   * What a call does while Redis is away: `'wait'` (the default) for it to come back, at most `timeout` long;
   * or `'fail'`, an error at once.
   */
  readonly whenAway?: 'wait' | 'fail'
  /** How long a call may take, the waiting included; then it is an error. Default `'5s'`. */
  readonly timeout?: Duration
  /**
   * Gets an error when Redis goes away or answers what it should not, once until it is back. Calls report their
   * own errors; this is for those that no call waits for. Default: `console.error`.
   */
  readonly onError?: (error: unknown) => void
}

/** What the log uses of a client of the `redis` package, 6 or newer. */
export interface RedisLogClient {
  readonly isOpen: boolean
  duplicate(overrides?: object): RedisLogClient
  connect(): Promise<unknown>
  destroy(): unknown
  on(event: string, listener: (error: unknown) => void): unknown
  eval(script: string, options: ScriptArguments): Promise<unknown>
  evalSha(sha1: string, options: ScriptArguments): Promise<unknown>
  xRead(stream: { key: string; id: string }, options: { COUNT: number; BLOCK: number }): Promise<unknown>
}

export interface ScriptArguments {
  keys: string[]
  arguments: string[]
}

export interface Settings {
  readonly key: string
  readonly maxLength: number
  readonly ids: 'epoch' | 'message'
  readonly whenAway: 'wait' | 'fail'
  /** Milliseconds. */
  readonly timeout: number
  readonly onError: (error: unknown) => void
}

export function resolveSettings({
  key = 'rxsse',
  maxLength = 100_000,
  ids = 'epoch',
  whenAway = 'wait',
  timeout = '5s',
  onError = console.error,
}: RedisLogOptions): Settings {
  assertKey(key, 'redisLog')
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new RangeError(`redisLog: maxLength is ${maxLength}; it must be a whole number, 1 or more`)
  }
  oneOf('ids', ids, ['epoch', 'message'])
  oneOf('whenAway', whenAway, ['wait', 'fail'])
  const patience = parseDuration(timeout, 'redisLog: timeout')
  if (patience === 0) throw new RangeError("redisLog: timeout is 0; Redis needs some time, such as '5s'")
  return { key, maxLength, ids, whenAway, timeout: patience, onError }
}

/** Throws where a key is none; `who` names the function whose option it is. */
export function assertKey(key: string, who: string): void {
  if (typeof key === 'string' && /^[^{}]+$/.test(key)) return
  throw new TypeError(
    `${who}: key is ${JSON.stringify(key)}; it must be text without { and }, which mark the part that Redis Cluster hashes`,
  )
}

function oneOf(option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  const choices = allowed.map((choice) => `'${choice}'`).join(' or ')
  throw new TypeError(`redisLog: ${option} is ${JSON.stringify(value)}; it must be ${choices}`)
}
