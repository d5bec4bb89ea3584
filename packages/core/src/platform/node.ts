import type { WatchOnline } from '../stream/wait.ts'

// What `#platform` is on Node. `imports` in package.json picks the file.
export { fetchTransport } from '../transport/server-fetch.ts'
export { undiciTransport as defaultTransport } from '../transport/undici.ts'

export const watchOnline: WatchOnline | undefined = undefined
