import { take, toArray } from 'rxjs'
import * as core from '../src/web.ts'

interface Page {
  readonly document: object & EventTarget
  dispatchEvent(event: Event): boolean
}
const page = globalThis as unknown as Page

/** What the tests drive in the page. */
const rxsse = {
  ...core,
  take,
  toArray,
  /** As if another tab had been brought to the front. */
  hideTab(): void {
    Object.defineProperties(page.document, { hidden: { value: true }, visibilityState: { value: 'hidden' } })
    page.document.dispatchEvent(new Event('visibilitychange'))
  },
  goOnline(): void {
    page.dispatchEvent(new Event('online'))
  },
}

export type Rxsse = typeof rxsse

Object.assign(globalThis, { rxsse })
