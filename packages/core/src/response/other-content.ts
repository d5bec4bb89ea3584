import type { TransportResponse } from '../transport/transport.ts'
import { parseMimeType } from './rejected-response.ts'

/** An event that the body of another media type stands for. */
export interface OtherEvent {
  /** Default `'message'`. */
  readonly type?: string
  readonly data: string
  /** Becomes the last event ID of the stream. */
  readonly id?: string
}

/** Makes events of a whole body that is no event stream, such as JSON. */
export type ReadOtherContent = (body: string, response: TransportResponse) => readonly OtherEvent[]

/** What reads a body, by its media type in lower case, such as `'application/json'`. */
export type OtherContent = Readonly<Record<string, ReadOtherContent>>

/** What reads the body of a response with status 200, if there is something for its media type. */
export function findReader(
  readers: OtherContent,
  { status, headers }: TransportResponse,
): ReadOtherContent | undefined {
  const type = parseMimeType(headers['content-type']) ?? ''
  return status === 200 && Object.hasOwn(readers, type) ? readers[type] : undefined
}
