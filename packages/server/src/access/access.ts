import type { MaybePromise } from '@rxsse/shared'
import type { SinkRequest } from '../http/request.ts'
import { createResultError, requireOptionalText } from '../sink/callbacks.ts'

/**
 * Whether a request gets a stream, and for which user. `{user: id}` addresses the `user`; the
 * client joins `rooms` without asking for them. `deny: 401` means missing credentials, 403 wrong
 * ones. `challenge` is the `WWW-Authenticate` header of a 401, default `Bearer`.
 *
 * `expires` ends the connection at that time, a `Date` or milliseconds since 1970, as the client's
 * token does. The client is told when to come back, and `access` decides again.
 */
export type AccessDecision =
  | {
      readonly allow: true
      readonly user?: string | undefined
      readonly rooms?: readonly string[] | undefined
      readonly expires?: Date | number | undefined
    }
  | { readonly deny: 401 | 403; readonly challenge?: string }

/** Decides about a request. If it throws or rejects, the response is a bare 500. */
export type Access = (request: SinkRequest) => MaybePromise<AccessDecision>

export interface RoomOptions {
  /**
   * Whether a client may join the rooms that it names in `?room=` or `?rooms=a,b`. `user` is
   * undefined if it is not known. Without this function, naming a room is answered 403.
   */
  readonly authorize: (
    request: SinkRequest,
    names: readonly string[],
    user: string | undefined,
  ) => MaybePromise<boolean>
}

export interface AccessOptions {
  /** Whether a request gets a stream. Default: every request does. */
  readonly access?: Access
  /** The user of a request, if `access` names none. An empty text names nobody. */
  readonly identify?: (request: SinkRequest) => MaybePromise<string | undefined>
  /** Believes `?user_id=`. Any client can claim to be any user. Default false. */
  readonly trustQueryUser?: boolean
  readonly rooms?: RoomOptions
}

/** The user and rooms of a request, or the status that denies it. */
export type AccessResult =
  | {
      readonly user: string | undefined
      readonly rooms: readonly string[]
      /** Milliseconds since 1970. */
      readonly expires?: number | undefined
    }
  | { readonly deny: 400 | 401 | 403; readonly challenge?: string | undefined; readonly reason: string }

/** Checks access, then identity, then rooms. Synchronous if no option has to be asked. */
export function createAccessCheck(
  options: AccessOptions,
): (request: SinkRequest) => MaybePromise<AccessResult> {
  const { access, identify, trustQueryUser = false, rooms } = options
  return (request) => {
    const named = readRooms(request.url.searchParams)
    if (named.some((name) => /[\r\n\0]/.test(name)))
      return { deny: 400, reason: 'a room name is one line without NUL' }
    if (named.length > 0 && rooms === undefined) return { deny: 403, reason: 'rooms cannot be chosen here' }
    if (access === undefined && identify === undefined && named.length === 0) {
      return { user: trustQueryUser ? readUser(request) : undefined, rooms: [] }
    }
    return check(request, named)
  }

  async function check(request: SinkRequest, named: readonly string[]): Promise<AccessResult> {
    const decision = access === undefined ? { allow: true as const } : await access(request)
    assertDecision(decision)
    if ('deny' in decision) {
      const reason = decision.deny === 401 ? 'credentials are missing' : 'not allowed'
      return { deny: decision.deny, challenge: decision.challenge, reason }
    }
    // Only a plain true allows, so that a function which forgets to decide admits nobody.
    if (decision.allow !== true) return { deny: 403, reason: 'not allowed' }
    // An empty name would be that of everybody who has none.
    const user =
      (decision.user || undefined) ??
      (requireOptionalText(await identify?.(request), 'identify') || undefined) ??
      (trustQueryUser ? readUser(request) : undefined)
    if (named.length > 0 && (await rooms?.authorize(request, named, user)) !== true) {
      return { deny: 403, reason: 'not allowed in these rooms' }
    }
    const expires = decision.expires === undefined ? undefined : Number(decision.expires)
    return { user, rooms: [...(decision.rooms ?? []), ...named], expires }
  }
}

/** A user or a room of another type would silently address nobody. */
function assertDecision(decision: unknown): asserts decision is AccessDecision {
  if (typeof decision !== 'object' || decision === null) {
    throw createResultError(decision, 'access', '{allow: true} or {deny: 401 | 403}')
  }
  const { deny, user, rooms, expires }: { [field: string]: unknown } = { ...decision }
  if ('deny' in decision && deny !== 401 && deny !== 403) {
    throw createResultError(deny, 'access', '401 or 403 as deny')
  }
  requireOptionalText(user, 'access: user')
  const isList =
    rooms === undefined || (Array.isArray(rooms) && rooms.every((name) => typeof name === 'string'))
  if (!isList) throw createResultError(rooms, 'access: rooms', 'a list of names')
  const isTime = typeof expires === 'number' || expires instanceof Date
  if (expires !== undefined && (!isTime || Number.isNaN(Number(expires)))) {
    throw createResultError(expires, 'access: expires', 'a Date or milliseconds since 1970')
  }
}

/** The number of rooms that a query names. */
export function countRooms(query: URLSearchParams): number {
  return readRooms(query).length
}

function readRooms(query: URLSearchParams): string[] {
  const lists = query.getAll('rooms').flatMap((list) => list.split(','))
  return [...query.getAll('room'), ...lists].filter((name) => name !== '')
}

function readUser({ url }: SinkRequest): string | undefined {
  return url.searchParams.get('user_id') || undefined
}
