import type { Browser, CDPSession } from 'playwright-core'

/**
 * A tab that is driven by the DevTools protocol alone. Playwright tells its own pages that they are focused and visible, so
 * the browser does not freeze them.
 */
export interface BrowserTab {
  /** The value of an expression, or of what its promise resolves to. */
  evaluate<T>(expression: string): Promise<T>
  freeze(): Promise<void>
  unfreeze(): Promise<void>
  /** Kills the tab's process. */
  crash(): void
  close(): Promise<void>
}

/** The tabs of one user, of which the last opened is visible. */
export interface BrowserTabs {
  open(url: string): Promise<BrowserTab>
  close(): Promise<void>
}

export async function createBrowserTabs(browser: Browser): Promise<BrowserTabs> {
  const root = await browser.newBrowserCDPSession()
  const { browserContextId } = await root.send('Target.createBrowserContext')
  return {
    async open(url) {
      const { targetId } = await root.send('Target.createTarget', { url, browserContextId })
      const { sessionId } = await root.send('Target.attachToTarget', { targetId, flatten: false })
      return createTab(root, targetId, sessionId)
    },
    async close() {
      await root.send('Target.disposeBrowserContext', { browserContextId })
      await root.detach()
    },
  }
}

interface Reply {
  readonly id?: number
  readonly error?: { readonly message: string }
  readonly result?: object
}

function createTab(root: CDPSession, targetId: string, sessionId: string): BrowserTab {
  const replies = new Map<number, (reply: Reply) => void>()
  root.on('Target.receivedMessageFromTarget', (received) => {
    if (received.sessionId !== sessionId) return
    const reply: Reply = JSON.parse(received.message)
    replies.get(reply.id ?? 0)?.(reply)
  })
  let last = 0
  async function send<T>(method: string, params: object = {}): Promise<T> {
    const id = ++last
    const reply = new Promise<Reply>((resolve) => replies.set(id, resolve))
    await root.send('Target.sendMessageToTarget', {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    })
    const { error, result } = await reply
    if (error) throw new Error(`${method}: ${error.message}`)
    return result as T
  }
  return {
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = await send<{
        result: { value: T }
        exceptionDetails?: { exception: { description: string } }
      }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      if (exceptionDetails) throw new Error(exceptionDetails.exception.description)
      return result.value
    },
    freeze: () => send('Page.setWebLifecycleState', { state: 'frozen' }),
    unfreeze: () => send('Page.setWebLifecycleState', { state: 'active' }),
    crash() {
      // A tab that crashed answers nothing.
      send('Page.crash').catch(() => {})
    },
    async close() {
      await root.send('Target.closeTarget', { targetId })
    },
  }
}
