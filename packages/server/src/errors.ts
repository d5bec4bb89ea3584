/** What went wrong, for a program: the `code` of a {@link SinkError}. */
export type SinkErrorCode =
  /** The message cannot be put on the wire as it is; the text says which field and why. */
  | 'message'
  /** The sink is closed. */
  | 'closed'
  /** The event log refused or failed; `cause` has its error. */
  | 'log'

/** The one error class of this package, told apart by `code`. */
export class SinkError extends Error {
  override readonly name = 'SinkError'
  readonly code: SinkErrorCode

  constructor(code: SinkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
