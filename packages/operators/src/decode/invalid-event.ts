import type { SseEvent } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { OperatorContext } from '../stage/operate.ts'

/** An event whose data could not be decoded. */
export interface InvalidEvent {
  /** The event's `lastEventId`. */
  readonly id: string
  readonly type: string
  /** The data as it came. */
  readonly raw: string
  /** The schema's issues, or one issue that says why the data does not parse. */
  readonly issues: readonly StandardSchemaV1.Issue[]
  /** The exception, if there was one. */
  readonly cause?: unknown
}

/** Errors the stream if an event is invalid and the operator has no `onInvalid`. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly invalid: InvalidEvent

  constructor(invalid: InvalidEvent) {
    super(describeInvalid(invalid), 'cause' in invalid ? { cause: invalid.cause } : undefined)
    this.invalid = invalid
  }
}

export type Rejecter = (
  event: SseEvent<unknown>,
  issues: readonly StandardSchemaV1.Issue[],
  exception?: { readonly cause: unknown },
) => void

/** Creates a function that counts an invalid event and passes it to `onInvalid`, or errors the stream. */
export function createRejecter(
  { counts, out }: OperatorContext<never>,
  onInvalid: ((event: InvalidEvent) => void) | undefined,
): Rejecter {
  return (event, issues, exception) => {
    counts.rejected++
    const invalid = { id: event.lastEventId, type: event.type, raw: String(event.data), issues, ...exception }
    if (onInvalid === undefined) out.error(new DecodeError(invalid))
    else onInvalid(invalid)
  }
}

/** The issue of data whose parser threw `cause`. */
export function describeParseError(cause: unknown): readonly StandardSchemaV1.Issue[] {
  return [{ message: cause instanceof Error ? cause.message : String(cause) }]
}

function describeInvalid({ id, type, raw, issues }: InvalidEvent): string {
  const name = id === '' ? `An event of type ${type}` : `Event ${id} of type ${type}`
  const problems = issues
    .slice(0, 3)
    // JavaScriptCore's parser quotes hundreds of characters of the data.
    .map(({ path, message }) => [...(path ?? []).map(describeSegment), truncate(message, 150)].join(': '))
  return `${name} is invalid. ${problems.join('; ')} (data: ${truncate(raw, 100)})`
}

function truncate(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}

function describeSegment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof part === 'object' ? part.key : part)
}
