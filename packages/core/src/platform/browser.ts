import type { WatchOnline } from '../stream/wait.ts'

// What `#platform` is in browsers. `imports` in package.json picks the file.
export { fetchTransport, fetchTransport as defaultTransport } from '../transport/fetch.ts'

export const watchOnline: WatchOnline | undefined = (onOnline) => {
  const target = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>
  target.addEventListener?.('online', onOnline)
  return () => target.removeEventListener?.('online', onOnline)
}
