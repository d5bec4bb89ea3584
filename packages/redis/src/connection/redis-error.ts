/** What went wrong, for a program: the `code` of a {@link RedisError}. */
export type RedisErrorCode =
  /** There is no connection to Redis, and the log was told not to wait for one. */
  | 'unavailable'
  /** Redis did not answer in time. */
  | 'timeout'
  /** Redis answered with an error: no memory left, a key of another type, no permission. `cause` has it. */
  | 'refused'
  /** The log is closed. */
  | 'closed'

/** Why Redis did not do what was asked, told apart by `code`. Never holds a password. */
export class RedisError extends Error {
  override readonly name = 'RedisError'
  readonly code: RedisErrorCode
  /**
   * Whether the message may be in the log all the same: it was on its way when the connection or the time ran
   * out. Publishing it again with the same source id adds it at most once.
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
