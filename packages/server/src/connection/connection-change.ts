import type { Connection } from './connection.ts'

/** A connection that opened or closed, and what it is known by. */
export interface ConnectionChange {
  readonly type: 'opened' | 'closed'
  readonly user: string | undefined
  readonly rooms: readonly string[]
}

export function changeOf(type: ConnectionChange['type'], { audience }: Connection): ConnectionChange {
  return { type, user: audience.user, rooms: audience.rooms }
}
