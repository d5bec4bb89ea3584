import { createScriptedServer, type RecordedRequest, type Script, type ScriptedServer } from '@rxsse/testing'
import { expect, onTestFinished } from 'vitest'
import { resolveSharedOptions } from '../src/tabs/resolve-shared-options.ts'
import type { SharedEventSourceOptions } from '../src/tabs/shared-options.ts'
import { createSharedStream } from '../src/tabs/shared-stream.ts'
import type { ChannelLike, LockManagerLike, WebPlatform } from '../src/tabs/web-platform.ts'

/** Node has both interfaces since 24.5. The lifecycle of a page is driven by the tests. */
export const { locks } = globalThis.navigator as unknown as { readonly locks?: LockManagerLike }

/** A subscription, and what it has got. */
export interface TestTab {
  readonly data: string[]
  readonly cursors: string[]
  readonly states: string[]
  readonly comments: string[]
  readonly warnings: string[]
  end: string | undefined
  freeze(): void
  thaw(): void
  close(): void
}

let server: ScriptedServer

export const serverUrl = (): string => server.url

/** To the server of the test. */
export const requests = (): readonly RecordedRequest[] => server.requests
/** Those whose response is still open. */
export const open = (): readonly RecordedRequest[] =>
  requests().filter(({ endedAt }) => endedAt === undefined)

/** Starts the server of the test. */
export async function serve(script: Script): Promise<void> {
  server = await createScriptedServer(script)
  onTestFinished(() => server.close())
}

export function openTab(
  options: SharedEventSourceOptions = {},
  { url = server.url, ...other }: { url?: string } & Partial<WebPlatform> = {},
): TestTab {
  let freeze = (): void => {}
  let thaw = (): void => {}
  const platform: WebPlatform = {
    locks: locks as LockManagerLike,
    createChannel: (name) => new BroadcastChannel(name) as unknown as ChannelLike,
    watchLifecycle(onSuspend, onResume) {
      freeze = onSuspend
      thaw = onResume
      return () => {}
    },
    ...other,
  }
  const tab: TestTab = {
    data: [],
    cursors: [],
    states: [],
    comments: [],
    warnings: [],
    end: undefined,
    freeze: () => freeze(),
    thaw: () => thaw(),
    close: () => subscription.unsubscribe(),
  }
  const shared = resolveSharedOptions(url, {
    reconnect: { initialDelay: 10 },
    cursor: { next: (id) => tab.cursors.push(id) },
    comments: { next: (text) => tab.comments.push(text) },
    warnings: { next: ({ code }) => tab.warnings.push(code) },
    state: { next: ({ role, status }) => tab.states.push(`${role} ${status}`) },
    ...options,
  })
  const subscription = createSharedStream(shared, platform).subscribe({
    next: ({ data }) => tab.data.push(data),
    error: ({ code, message }) => {
      tab.end = `${code}: ${message}`
    },
    complete: () => {
      tab.end = 'complete'
    },
  })
  onTestFinished(() => subscription.unsubscribe())
  return tab
}

/** A tab that has its place in the stream. */
export async function openPlaced(...args: Parameters<typeof openTab>): Promise<TestTab> {
  const tab = openTab(...args)
  await expect.poll(() => tab.cursors.length).toBeGreaterThan(0)
  return tab
}
