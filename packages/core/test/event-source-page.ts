import { EventSource } from '../src/event-source/index.ts'

const page = globalThis as unknown as { readonly EventSource: typeof EventSource }
const implementations = { 'the browser’s own': page.EventSource, ours: EventSource }

/** What the tests drive in the page. */
const drive = {
  EventSource,
  /**
   * Records what an EventSource dispatches until `last` is among it, and closes it. The details of
   * an error are left out, as the browser's own has none.
   */
  record(
    implementation: keyof typeof implementations,
    url: string,
    last: string,
    withCredentials = false,
  ): Promise<string[]> {
    const source = new implementations[implementation](url, { withCredentials })
    const got = [`constructed ${source.readyState}`]
    return new Promise((resolve) => {
      const listener = (event: Event): void => {
        const { type, data, lastEventId, origin, bubbles, cancelable } = event as MessageEvent
        const details = data === undefined ? [] : [data, lastEventId, origin]
        const line = [type, source.readyState, bubbles, cancelable, ...details].join(' ')
        got.push(line)
        if (!line.startsWith(last)) return
        source.close()
        resolve([...got, `closed ${source.readyState}`, source.url, String(source.withCredentials)])
      }
      for (const type of ['open', 'message', 'price', 'error']) source.addEventListener(type, listener)
    })
  },
}

export type Drive = typeof drive

Object.assign(globalThis, { drive })
