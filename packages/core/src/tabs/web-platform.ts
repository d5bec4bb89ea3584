import { isBrowser } from '#platform'

/** What a shared stream needs of the platform. */
export interface WebPlatform {
  readonly locks: LockManagerLike
  createChannel(name: string): ChannelLike
  /** Calls back when the page is frozen, or leaves for the back/forward cache or for good, and when it is back. */
  watchLifecycle(onSuspend: () => void, onResume: () => void): () => void
}

/** What of Web Locks is used (W3C Web Locks API). */
export interface LockManagerLike {
  request(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly steal?: boolean; readonly signal?: AbortSignal },
    onGranted: (lock: object | null) => Promise<void> | undefined,
  ): Promise<unknown>
}

/** What of `BroadcastChannel` is used. */
export interface ChannelLike {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(message: unknown): void
  close(): void
}

/**
 * Undefined where a connection cannot be shared. A server is such a place even if it has both interfaces: tabs belong to one user,
 * the requests of a server do not.
 */
export function findWebPlatform(): WebPlatform | undefined {
  const { navigator, BroadcastChannel } = globalThis as unknown as Globals
  const locks = navigator?.locks
  if (!isBrowser || !locks || !BroadcastChannel) return undefined
  return { locks, createChannel: (name) => new BroadcastChannel(name), watchLifecycle }
}

interface Globals {
  readonly navigator?: { readonly locks?: LockManagerLike }
  readonly BroadcastChannel?: new (name: string) => ChannelLike
}

interface Page extends EventTarget {
  /** Missing in a worker. */
  readonly document?: EventTarget
}

function watchLifecycle(onSuspend: () => void, onResume: () => void): () => void {
  const page = globalThis as unknown as Page
  const { document } = page
  const stop = new AbortController()
  const { signal } = stop
  document?.addEventListener('freeze', onSuspend, { signal })
  document?.addEventListener('resume', onResume, { signal })
  if (document) page.addEventListener('pagehide', onSuspend, { signal })
  if (document) page.addEventListener('pageshow', onResume, { signal })
  return () => stop.abort()
}
