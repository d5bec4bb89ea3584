import { describeValue } from '@rxsse/shared'
import type { Target } from '../sink/message.ts'
import { isLine } from '../wire/line.ts'

/** What is wrong with a target; undefined if it is `'all'`, a room or a user. */
export function findTargetFault(target: unknown): string | undefined {
  if (target === 'all') return undefined
  if (typeof target !== 'object' || target === null) return `${describeValue(target)} is no target`
  const { room, user }: { room?: unknown; user?: unknown } = target
  if (room !== undefined && user !== undefined) return 'it names a room and a user, not one of them'
  if (room === undefined && user === undefined) return `${describeValue(target)} names no room and no user`
  const name = room ?? user
  if (name === '') return 'a name must not be empty'
  return isLine(name) ? undefined : 'a name must be one line of text without NUL'
}

/** Whether a target means a client. A target that names nobody or two things means no client. */
export function isMeant(target: Target, rooms: readonly string[], user: string | undefined): boolean {
  if (target === 'all') return true
  const { room, user: named }: { room?: string | undefined; user?: string | undefined } = target
  if (room !== undefined) return named === undefined && rooms.includes(room)
  return named !== undefined && named === user
}
