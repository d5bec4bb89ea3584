/** Why a call failed: the `code` of a {@link RedisError}. */
export type RedisErrorCode =
  /** There is no connection to Redis, and the log does not wait for one. */
  | 'unavailable'
  /** Redis did not answer in time. */
  | 'timeout'
  /** Redis answered with an error, such as no memory left or no permission. `cause` holds it. */
  | 'refused'
  /** Another process has the right to run the job, so this one may not append. */
  | 'lease-lost'
  /** The log, the store or the presence is closed. */
  | 'closed'

/** Redis did not carry out a call. `code` says why. The error never contains a password. */
export class RedisError extends Error {
  override readonly name = 'RedisError'
  readonly code: RedisErrorCode
  /**
   * Whether the log may contain the message all the same, because it was sent before the connection or the time
   * ran out. Publish it again with the same source id: Redis adds it at most once.
   */
  readonly mayBeAppended: boolean

  constructor(
    code: RedisErrorCode,
    message: string,
    { mayBeAppended = false, cause }: { readonly mayBeAppended?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.mayBeAppended = mayBeAppended
  }
}
