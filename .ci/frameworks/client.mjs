// An HTTP client that sees what a browser hides: the end of a body, or its cut.
import { once } from 'node:events'
import { request } from 'node:http'

const clients = new Set()

/** Sends a request. Resolves to the response when its head is there. */
export async function open(url, { method = 'GET', headers = {}, body, signal } = {}) {
  const sent = request(url, { method, headers, agent: false, signal })
  clients.add(sent)
  sent.once('close', () => clients.delete(sent))
  sent.on('error', () => {})
  sent.end(body)
  const [response] = await once(sent, 'response', { signal: AbortSignal.timeout(LIMIT_MS) })
  let text = ''
  let ended
  response.setEncoding('utf8')
  response.on('data', (chunk) => {
    text += chunk
  })
  response.on('error', () => {})
  response.once('close', () => {
    ended = response.complete ? 'end' : 'cut'
  })
  return {
    status: response.statusCode,
    headers: response.headers,
    text: () => text,
    ended: () => ended,
    pause: () => response.pause(),
    leave: () => sent.destroy(),
  }
}

/** Drops the connections that a check has left open. */
export function leaveAll() {
  for (const sent of clients) sent.destroy()
}

/** Waits until `condition` resolves to a true value, and returns it. */
export async function until(what, condition) {
  const limit = Date.now() + LIMIT_MS
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > limit) throw new Error(`${what}: not within ${LIMIT_MS / 1000} s`)
    await sleep(20)
  }
}

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

const LIMIT_MS = 15_000
