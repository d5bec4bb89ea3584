import type { SinkRequest } from '../http/request.ts'
import type { MaybePromise } from '../sink/message.ts'

/**
 * Whether a request gets a stream, and as whom. `user` is what `{user: id}` addresses, `rooms` are joined without
 * being asked for. `deny: 401` says that credentials are missing, 403 that these are not enough; `challenge` is
 * the `WWW-Authenticate` header of a 401, default `Bearer`.
 */
export type AccessDecision =
  | {
      readonly allow: true
      readonly user?: string | undefined
      readonly rooms?: readonly string[] | undefined
    }
  | { readonly deny: 401 | 403; readonly challenge?: string }

/** Decides about a request. A throw or a rejection is answered 500, with nothing of the error in it. */
export type Access = (request: SinkRequest) => MaybePromise<AccessDecision>

export interface RoomOptions {
  /**
   * Whether a client may join the rooms that it names in `?room=` or `?rooms=a,b`; `user` is who it is, where that
   * is known. Without this, naming a room is answered 403.
   */
  readonly authorize: (
    request: SinkRequest,
    names: readonly string[],
    user: string | undefined,
  ) => MaybePromise<boolean>
}

export interface AccessOptions {
  /** Whether a request gets a stream. Default: every one. */
  readonly access?: Access
  /** Who a request is from, where `access` has not said. */
  readonly identify?: (request: SinkRequest) => MaybePromise<string | undefined>
  /** Believe `?user_id=`. For closed networks alone: anybody may claim to be anybody. Default false. */
  readonly trustQueryUser?: boolean
  readonly rooms?: RoomOptions
}

/** Who is let in, or the status that says why not. */
export type AccessResult =
  | { readonly user: string | undefined; readonly rooms: readonly string[] }
  | { readonly deny: 400 | 401 | 403; readonly challenge?: string | undefined; readonly why: string }

/** Asks what there is to ask, in order: access, identity, rooms. Synchronous where nothing is to be asked. */
export function createAccessCheck(
  options: AccessOptions,
): (request: SinkRequest) => MaybePromise<AccessResult> {
  const { access, identify, trustQueryUser = false, rooms } = options
  return (request) => {
    const named = namedRooms(request.url.searchParams)
    if (named.some((name) => /[\r\n\0]/.test(name)))
      return { deny: 400, why: 'a room name is one line without NUL' }
    if (named.length > 0 && rooms === undefined) return { deny: 403, why: 'rooms cannot be chosen here' }
    if (access === undefined && identify === undefined && named.length === 0) {
      return { user: trustQueryUser ? queryUser(request) : undefined, rooms: [] }
    }
    return ask(request, named)
  }

  async function ask(request: SinkRequest, named: readonly string[]): Promise<AccessResult> {
    const decision = access === undefined ? { allow: true as const } : await access(request)
    if ('deny' in decision) {
      const why = decision.deny === 401 ? 'credentials are missing' : 'not allowed'
      return { deny: decision.deny, challenge: decision.challenge, why }
    }
    // Anything but a plain yes is a no: a decision function that forgets to decide lets nobody in.
    if (decision.allow !== true) return { deny: 403, why: 'not allowed' }
    const user =
      decision.user ?? (await identify?.(request)) ?? (trustQueryUser ? queryUser(request) : undefined)
    if (named.length > 0 && (await rooms?.authorize(request, named, user)) !== true) {
      return { deny: 403, why: 'not allowed in these rooms' }
    }
    return { user, rooms: [...(decision.rooms ?? []), ...named] }
  }
}

function namedRooms(query: URLSearchParams): string[] {
  const lists = query.getAll('rooms').flatMap((list) => list.split(','))
  return [...query.getAll('room'), ...lists].filter((name) => name !== '')
}

function queryUser({ url }: SinkRequest): string | undefined {
  return url.searchParams.get('user_id') || undefined
}
