import { isPromise, optionError } from '@rxsse/shared'

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
 *
 * @throws TypeError if the status is not one of an error.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  /** The HTTP status, 400 to 599. */
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    if (!isErrorStatus(status)) throw optionError('RequestError: status', 'a status from 400 to 599', status)
    this.status = status
  }
}

/** Whether a value is the HTTP status of an error. */
export function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
}

/**
 * Makes a function of `onError` that never throws. Without `onError`, errors are printed, but not
 * those that a client has caused: a `RequestError` below 500.
 */
export function createErrorReporter(
  onError: ((error: unknown) => void) | undefined,
): (error: unknown) => void {
  return (error) => {
    try {
      const result: unknown = (onError ?? printOwnError)(error)
      if (isPromise(result)) Promise.resolve(result).catch(print)
    } catch (thrown) {
      print(thrown)
    }
  }
}

function printOwnError(error: unknown): void {
  if (!(error instanceof RequestError) || error.status >= 500) print(error)
}

function print(error: unknown): void {
  console.error(error)
}
