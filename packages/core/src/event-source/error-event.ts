import type { EventSourceError } from '../errors/event-source-error.ts'

/**
 * The `error` event of an `EventSource`. The standard's has no details; these are an extension.
 * All are undefined if the server ended the response properly.
 */
export class ErrorEvent extends Event {
  /** The HTTP status, if a response is why: 401, 204, or 200 with a wrong content type. */
  readonly code?: number | undefined
  /** What went wrong, in a sentence. */
  readonly message?: string | undefined
  /** The error of `fromEventSource`, if there is one. */
  readonly error?: EventSourceError | undefined

  constructor(
    type: string,
    init: {
      readonly code?: number | undefined
      readonly message?: string | undefined
      readonly error?: EventSourceError | undefined
    } = {},
  ) {
    super(type)
    this.code = init.code
    this.message = init.message
    this.error = init.error
  }

  static {
    // Node and Deno print the standard's fields of an event, and no others.
    Object.defineProperties(ErrorEvent.prototype, {
      [Symbol.for('nodejs.util.inspect.custom')]: {
        value(this: ErrorEvent, _depth: number, options: object, inspect: Inspect) {
          return describeEvent(this, inspect, options)
        },
      },
      [Symbol.for('Deno.customInspect')]: {
        value(this: ErrorEvent, inspect: Inspect, options: object) {
          return describeEvent(this, inspect, options)
        },
      },
    })
  }
}

type Inspect = (value: object, options: object) => string

function describeEvent({ type, code, message }: ErrorEvent, inspect: Inspect, options: object): string {
  return `ErrorEvent ${inspect({ type, code, message }, options)}`
}
