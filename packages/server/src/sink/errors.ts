/** What went wrong, for a program: the `code` of a {@link SinkError}. */
export type SinkErrorCode =
  /** The message cannot be put on the wire as it is; the text says which field and why. */
  | 'message'
  /** The sink is closed. */
  | 'closed'
  /** The event log refused or failed; `cause` has its error. */
  | 'log'

/** What a sink does not take, told apart by `code`. */
export class SinkError extends Error {
  override readonly name = 'SinkError'
  readonly code: SinkErrorCode

  constructor(code: SinkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * An error whose status and text are the answer to the request it came of, where no head has been sent yet:
 * `throw new RequestError(429, 'one answer at a time')`. The text is shown to the client.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  /** 400 to 599. */
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}
