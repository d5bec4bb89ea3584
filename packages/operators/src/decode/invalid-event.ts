import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { SseEvent } from '../event.ts'
import type { StageContext } from '../stage/operate.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

/** An event whose data could not be decoded. */
export interface InvalidEvent {
  /** The event's `lastEventId`. */
  readonly id: string
  readonly type: string
  /** The data as it came. */
  readonly raw: string
  /** What is wrong: the schema's issues, or one issue that says why the data does not parse. */
  readonly issues: readonly StandardSchemaV1.Issue[]
  /** What was thrown, where something was. */
  readonly cause?: unknown
}

/** What errors the stream where an event is invalid and the operator has no `onInvalid`. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly invalid: InvalidEvent

  constructor(invalid: InvalidEvent) {
    super(describe(invalid), 'cause' in invalid ? { cause: invalid.cause } : undefined)
    this.invalid = invalid
  }
}

/** Counts an invalid event, and hands it to `onInvalid` or errors the stream. */
export type Reject = (
  event: SseEvent<unknown>,
  issues: readonly StandardSchemaV1.Issue[],
  thrown?: { readonly cause: unknown },
) => void

export function rejector(
  stage: StageContext<never>,
  option: string,
  onInvalid: SideOutput<InvalidEvent> | undefined,
): Reject {
  const output = toSideOutput(option, onInvalid)
  return (event, issues, thrown) => {
    stage.ledger.rejected++
    const invalid = { id: event.lastEventId, type: event.type, raw: String(event.data), issues, ...thrown }
    if (output === undefined) stage.out.error(new DecodeError(invalid))
    else output(invalid)
  }
}

/** The one issue of data whose parser threw `cause`. */
export function parseIssue(cause: unknown): readonly StandardSchemaV1.Issue[] {
  return [{ message: cause instanceof Error ? cause.message : String(cause) }]
}

function describe({ id, type, raw, issues }: InvalidEvent): string {
  const which = id === '' ? `An event of type ${type}` : `Event ${id} of type ${type}`
  const what = issues
    .slice(0, 3)
    // The parser of JavaScriptCore quotes hundreds of characters of the data.
    .map(({ path, message }) => [...(path ?? []).map(segment), shortened(message, 150)].join(': '))
  return `${which} is invalid. ${what.join('; ')} (data: ${shortened(raw, 100)})`
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof part === 'object' ? part.key : part)
}
