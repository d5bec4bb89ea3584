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

/** Counts an invalid event and passes it to `onInvalid`, or errors the stream. `cause` is an exception. */
export function rejectInvalid(
  { counts, out }: OperatorContext<never>,
  onInvalid: ((event: InvalidEvent) => void) | undefined,
  event: SseEvent<unknown>,
  problem: StandardSchemaV1.FailureResult | { readonly cause: unknown },
): void {
  counts.rejected++
  const about = { id: event.lastEventId, type: event.type, raw: String(event.data) }
  const invalid =
    'issues' in problem
      ? { ...about, issues: problem.issues }
      : { ...about, issues: [{ message: describeCause(problem.cause) }], cause: problem.cause }
  if (onInvalid === undefined) out.error(new DecodeError(invalid))
  else onInvalid(invalid)
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
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
