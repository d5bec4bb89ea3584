import { NEVER, type Observable } from 'rxjs'

// What `#platform` is on Node. `imports` in package.json picks the file.
export { describeCause } from '../errors/describe-cause.ts'
export { checkMembers, knownOptions } from '../stream/check-members.ts'
export { fetchTransport } from '../transport/server-fetch.ts'
export { undiciTransport as defaultTransport } from '../transport/undici.ts'

/** Only browsers tell. */
export function watchOnline(): Observable<unknown> {
  return NEVER
}

/** Whether `defaultTransport` uses `fetch`. */
export const usesFetch: boolean = false

/** Whether there are tabs. */
export const isBrowser: boolean = false
