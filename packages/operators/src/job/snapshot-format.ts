import type { Snapshot } from '@rxsse/shared'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** How far a feed is. */
export interface FeedPosition {
  readonly feed: string
  /** The last event ID whose events are all in the states. */
  readonly lastEventId: string
  /** How many results the events of this ID have had. */
  readonly results: number
}

/** The state of a stage, or of an outbox. */
export interface SavedPart {
  readonly name: string
  readonly operator: string
  readonly shape: Readonly<Record<string, unknown>>
  readonly counts: readonly number[]
  readonly chunks: readonly Uint8Array[]
}

export interface JobSnapshot {
  /** How many shards the job has. Undefined if it is not split. */
  readonly shards: number | undefined
  /** The time of day of the cut. */
  readonly time: number
  readonly feeds: readonly FeedPosition[]
  readonly parts: readonly SavedPart[]
}

interface Header {
  readonly format: 1
  readonly shards: number | undefined
  readonly time: number
  readonly feeds: readonly FeedPosition[]
  readonly parts: readonly (Omit<SavedPart, 'chunks'> & { readonly bytes: number })[]
}

/** The bytes of a snapshot: a header, then the bytes of each part. No bytes are copied. */
export function formatSnapshot({ shards, time, feeds, parts }: JobSnapshot): readonly Uint8Array[] {
  const header: Header = {
    format: 1,
    shards,
    time,
    feeds,
    parts: parts.map(({ chunks, ...part }) => ({ ...part, bytes: countBytes(chunks) })),
  }
  const writer = new ByteWriter()
  writer.value(header)
  return [...writer.finish(), ...parts.flatMap(({ chunks }) => chunks)]
}

/** Throws if the bytes are those of another format. */
export function parseSnapshot({ number, chunks }: Snapshot): JobSnapshot {
  try {
    const reader = new ByteReader(chunks)
    const { format, shards, time, feeds, parts } = reader.value<Header>()
    if (format !== 1) throw new RangeError(`its format is ${format}, and this version of rxsse knows 1`)
    return {
      shards,
      time,
      feeds,
      parts: parts.map(({ bytes, ...part }) => ({ ...part, chunks: [reader.take(bytes)] })),
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`createJob: snapshot ${number} cannot be read: ${reason}`, { cause })
  }
}

export function countBytes(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}
