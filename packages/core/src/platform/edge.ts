import type { WatchOnline } from '../stream/wait.ts'

// What `#platform` is on Deno, Bun and edge runtimes. `imports` in package.json picks the file.
export { fetchTransport, fetchTransport as defaultTransport } from '../transport/server-fetch.ts'

export const watchOnline: WatchOnline | undefined = undefined
