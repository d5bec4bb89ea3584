import { NEVER, type Observable } from 'rxjs'

// What `#platform` is on Deno, Bun and edge runtimes. `imports` in package.json picks the file.
export { describeCause } from '../errors/describe-cause.ts'
export { checkMembers, knownOptions } from '../stream/check-members.ts'
export { fetchTransport, fetchTransport as defaultTransport } from '../transport/server-fetch.ts'

/** Only browsers tell. */
export function watchOnline(): Observable<unknown> {
  return NEVER
}

/** Whether `defaultTransport` uses `fetch`. */
export const usesFetch: boolean = true

/** Whether there are tabs. */
export const isBrowser: boolean = false
