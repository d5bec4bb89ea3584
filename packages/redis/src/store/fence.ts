import { FENCED } from '../scripts/store.lua.ts'

/** What a log must know of a job's store to append only while this process has the right to run the job. */
export interface Fence {
  /** The store's name in Redis. */
  readonly key: string
  /** The Redis key of the token that is allowed. */
  readonly fenceKey: string
  /** The token of this process. Undefined if it has no lease, or lost it. */
  readonly token: string | undefined
  /** Redis has refused this token. */
  lose(token: string): void
}

export function isFenced(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith(FENCED)
}
