import { type SharedEventSourceOptions, sharedEventSource } from '../src/tabs/index.ts'

export type OpenOptions = Pick<
  SharedEventSourceOptions,
  'name' | 'events' | 'lastEventId' | 'headers' | 'handOverAfter'
> & {
  readonly url?: string
}

/** What a tab got, as its test reads it. */
export interface Got {
  readonly data: string[]
  readonly cursors: string[]
  /** Role and status of each state. */
  readonly states: string[]
  readonly warnings: string[]
  end: string | null
}

/** What the tests drive in a tab: one subscription. */
function createReader() {
  const got: Got = { data: [], cursors: [], states: [], warnings: [], end: null }
  let subscription: { unsubscribe(): void } | undefined
  return {
    got,
    open({ url = '/events', ...options }: OpenOptions = {}): void {
      subscription = sharedEventSource(url, {
        reconnect: { initialDelay: 10 },
        cursor: { next: (id) => got.cursors.push(id) },
        state: { next: ({ role, status }) => got.states.push(`${role} ${status}`) },
        warnings: { next: ({ code }) => got.warnings.push(code) },
        ...options,
      }).subscribe({
        next: ({ data }) => got.data.push(data),
        error: ({ code, message }) => {
          got.end = `${code}: ${message}`
        },
        complete: () => {
          got.end = 'complete'
        },
      })
    },
    close: () => subscription?.unsubscribe(),
  }
}

const tab = {
  ...createReader(),
  second: createReader(),
  /** Blocks the page, as a debugger or an endless loop does. */
  hang(milliseconds: number): void {
    for (const end = performance.now() + milliseconds; performance.now() < end; );
  },
}

Object.assign(globalThis, { tab })
