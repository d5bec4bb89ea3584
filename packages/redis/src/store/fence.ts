import { FENCED } from '../scripts/store.lua.ts'

/** The right to append the messages of a job, or of one of its shards. */
export interface Right {
  /** The Redis key of the token that is allowed. */
  readonly fenceKey: string
  /** The token of this process. Undefined if it has no lease, or lost it. */
  readonly token: string | undefined
  /** Redis has refused this token. */
  lose(token: string): void
}

/** Finds the right that a message needs. Only the log calls it, so it has no name for others. */
export const FIND_RIGHT: unique symbol = Symbol('findRight')

/** What a log must know of a job's store to append only while this process has the right to run the job. */
export interface Fence {
  /** The store's name in Redis. */
  readonly key: string
  /**
   * The right that a message needs. If the job has shards, its source id tells which one made it.
   *
   * @throws TypeError if it does not.
   */
  [FIND_RIGHT](sourceId: string | undefined): Right
}

export function isFenced(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith(FENCED)
}
