/** What went wrong, for a program: the `code` of a {@link ClusterError}. */
export type ClusterErrorCode =
  /** The primary did not answer in time. It may be busy, or it may not have called `clusterLog`. */
  | 'timeout'
  /** The primary's log refused the call: a full disk, for example. `cause` has the log's words. */
  | 'refused'
  /** The log is closed, here or in the primary. */
  | 'closed'
  /** The primary has gone, so nothing can be appended or read any more. */
  | 'disconnected'
  /** A message on the channel is not what this version of the package sends. */
  | 'invalid'

/** Why a call of a {@link ClusterLog} failed, told apart by `code`. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
  readonly code: ClusterErrorCode
  /**
   * Whether the log may have the message: it was on its way to the primary. If it is published
   * again with the same source id, the log has it at most once.
   */
  readonly mayBeAppended: boolean

  constructor(
    code: ClusterErrorCode,
    message: string,
    { mayBeAppended = false, cause }: { readonly mayBeAppended?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.mayBeAppended = mayBeAppended
  }
}

/** Throws if a message is too long to reach the other processes. */
export function assertFitsChannel({ data }: { readonly data: string }): void {
  if (data.length <= LONGEST_DATA) return
  const text = `clusterLog: the data of a message has at most ${LONGEST_DATA} characters, not ${data.length}`
  throw new ClusterError('refused', text)
}

/** Escaped, it still is a string that the engine can make. */
const LONGEST_DATA = 2 ** 26
