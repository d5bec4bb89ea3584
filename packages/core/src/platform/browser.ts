import { fromEvent, NEVER, type Observable } from 'rxjs'

// What `#platform` is in browsers. `imports` in package.json picks the file.
export { fetchTransport } from '../transport/browser-fetch.ts'
export { createBrowserTransport as defaultTransport } from '../transport/browser-transport.ts'

/** Emits when the browser is online again. React Native has no such events. */
export function watchOnline(): Observable<unknown> {
  return 'addEventListener' in globalThis ? fromEvent(globalThis as unknown as EventTarget, 'online') : NEVER
}

/** What an error of `fetch` says. */
export function describeCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : ''
}

/** Checks nothing: see `check-members.ts`. */
export function checkMembers(): void {}

/** Leaves out nothing, because nothing is checked. */
export function knownOptions<Options>(options: Options): Options {
  return options
}

/** Whether `defaultTransport` uses `fetch`. */
export const usesFetch: boolean = true

/** Whether there are tabs. */
export const isBrowser: boolean = true
