import type { Connection } from './connection.ts'

/** A connection that opened or closed, and what it is known by. */
export interface ConnectionChange {
  /** What happened. */
  readonly type: 'opened' | 'closed'
  /** Whose it is, where that is known. */
  readonly user: string | undefined
  /** The rooms it is in. */
  readonly rooms: readonly string[]
}

export function createConnectionChange(
  type: ConnectionChange['type'],
  { audience }: Connection,
): ConnectionChange {
  return { type, user: audience.user, rooms: audience.rooms }
}
