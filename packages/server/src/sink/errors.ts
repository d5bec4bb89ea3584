/** The reason for a {@link SinkError}. */
export type SinkErrorCode =
  /** The message cannot be sent as it is. The error's text names the field and the reason. */
  | 'message'
  /** The sink is closed. */
  | 'closed'
  /** The event log failed or refused the message. `cause` is its error. */
  | 'log'

/** A sink refused a message. `code` tells why. */
export class SinkError extends Error {
  override readonly name = 'SinkError'
  readonly code: SinkErrorCode

  constructor(code: SinkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * An error whose status and text are sent as the response, if no head has been sent yet:
 * `throw new RequestError(429, 'one answer at a time')`. The client sees the text.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  /** The HTTP status, 400 to 599. */
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}
