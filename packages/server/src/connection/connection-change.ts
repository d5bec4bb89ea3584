import type { Connection } from './connection.ts'

/** A connection opened or closed. */
export interface ConnectionChange {
  readonly type: 'opened' | 'closed'
  /** The user, if known. */
  readonly user: string | undefined
  /** The rooms of the connection. */
  readonly rooms: readonly string[]
}

export function createConnectionChange(
  type: ConnectionChange['type'],
  { group }: Connection,
): ConnectionChange {
  return { type, user: group.user, rooms: group.rooms }
}
