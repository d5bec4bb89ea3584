import type { SseEvent } from '@rxsse/shared'
import type { EventSourceError } from '../errors/event-source-error.ts'
import type { ConnectionState } from '../stream/state.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { SharedWarning } from './shared-options.ts'

/** The time for which one tab holds the connection. Each holder takes a higher number than all it has seen. */
export interface Term {
  readonly number: number
  readonly tab: string
}

/** How far a tab has come in the stream. */
export interface Position {
  /** The last event ID. */
  readonly id: string
  /** Whose connection delivered the last event: a {@link termKey}. */
  readonly term: string
  /** The events since the ID was set, within that term. 0 for the event or the block that set it. */
  readonly count: number
}

/** One step of the stream: an event, or a last event ID without one. */
export interface Entry {
  /** The position after this step. */
  readonly at: Position
  readonly event?: SseEvent
}

/**
 * What tabs tell each other. Those with a `term` come from a holder. The channel keeps the order of what one tab sends, but not
 * that of different tabs.
 *
 * | kind | meaning |
 * | --- | --- |
 * | `hello` | a tab wants to follow, from `after` if it has a position already |
 * | `welcome` | the answer: it follows from `sequence` on. `missed` is undefined if the holder does not know `after` |
 * | `reject` | the other answer: an option differs |
 * | `announce` | a new holder starts at a position, with sequence 0 |
 * | `entry` | the next step of the stream |
 * | `end` | the stream is over for all tabs |
 * | `left` | the holder gives the connection up |
 * | `ping`, `pong` | a follower has heard nothing for a while; the holder is alive |
 * | `gate`, `poll` | a follower's gate changed; the holder asks for the gates that are shut |
 * | `wake` | a follower wants a waiting connection to start now |
 */
export type Message = HolderMessage | FollowerMessage

export type HolderMessage = { readonly term: Term } & (
  | Welcome
  | { readonly kind: 'reject'; readonly to: string; readonly hello: number; readonly option: string }
  | { readonly kind: 'announce'; readonly at: Position }
  | { readonly kind: 'entry'; readonly sequence: number; readonly entry: Entry }
  | { readonly kind: 'state'; readonly state: ConnectionState }
  | News
  | { readonly kind: 'end'; readonly error: EventSourceError | undefined }
  | { readonly kind: 'left' | 'pong' | 'poll' }
)

/** What the connection tells besides its events. */
export type News =
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'warning'; readonly warning: SharedWarning }

export interface Welcome {
  readonly kind: 'welcome'
  readonly to: string
  /** The number of the `hello` that this answers. */
  readonly hello: number
  readonly sequence: number
  readonly at: Position
  readonly missed: readonly Entry[] | undefined
  readonly state: ConnectionState | undefined
}

export interface Hello {
  readonly kind: 'hello'
  readonly from: string
  /** Counts the times that this tab has lost its place. */
  readonly hello: number
  readonly options: Fingerprint
  readonly after: Position | undefined
}

export type FollowerMessage =
  | Hello
  | { readonly kind: 'gate'; readonly from: string; readonly shut: boolean }
  | { readonly kind: 'ping'; readonly from: string }
  | { readonly kind: 'wake' }

export function termKey({ number, tab }: Term): string {
  return `${number}.${tab}`
}

/** The position after an event, or a block, that leaves the last event ID at `id`. */
export function nextPosition(at: Position, id: string, term: string): Position {
  if (id !== at.id) return { id, term, count: 0 }
  return { id, term, count: term === at.term ? at.count + 1 : 1 }
}
