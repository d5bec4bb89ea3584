import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Action, type Ending, toActions } from './actions.ts'
import { encodeChunk, LAST_CHUNK } from './chunks.ts'
import type { Attempt, Framing, ResponseAttempt } from './script.ts'

/** The connection of an attempt. If `socket` speaks TLS, `tcp` is the socket below it, which a reset is sent on. */
export interface Wire {
  readonly socket: Socket
  readonly tcp: Socket
  /** Aborts when the client has left or the connection is closed. */
  readonly closed: AbortSignal
  /** Called with the number of bytes that the operating system has accepted. */
  readonly onSent: (bytes: number) => void
  /** Called just before the server closes the connection. */
  readonly onEnding: () => void
}

/** Plays one attempt until it ends or the client leaves. Resolves to true if the connection takes another request. */
export async function perform(attempt: Attempt, wire: Wire): Promise<boolean> {
  if ('raw' in attempt) {
    const ending = await play(toActions(attempt.raw), keepBytes, wire)
    end(ending === 'END' ? 'CUT' : ending, wire)
    return false
  }
  const framing = attempt.framing ?? 'chunked'
  const keepAlive = attempt.keepAlive === true && framing !== 'close'
  const actions = framing === 'length' ? await collect(toActions(attempt.body)) : toActions(attempt.body)
  const contentLength = Array.isArray(actions) ? countBytes(actions) : undefined
  await send(serializeHead(attempt, framing, keepAlive, contentLength), wire)
  const ending = await play(actions, framing === 'chunked' ? encodeChunk : keepBytes, wire)
  if (ending === 'END' && framing === 'chunked') await send(LAST_CHUNK, wire)
  if (ending === 'END' && keepAlive) return true
  end(ending, wire)
  return false
}

async function collect(actions: AsyncIterable<Action>): Promise<Action[]> {
  const list: Action[] = []
  for await (const action of actions) list.push(action)
  return list
}

function countBytes(actions: readonly Action[]): number {
  let total = 0
  for (const action of actions) {
    if ('bytes' in action) total += action.bytes.length
    // A body without an END is declared one byte longer, or the client would think it complete.
    else if ('ending' in action && action.ending !== 'END') total += 1
  }
  return total
}

function serializeHead(
  { status, headers = {} }: ResponseAttempt,
  framing: Framing,
  keepAlive: boolean,
  contentLength: number | undefined,
): Buffer {
  const named = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`]
  const addDefault = (name: string, value: string): void => {
    if (!named.has(name.toLowerCase())) lines.push(`${name}: ${value}`)
  }
  addDefault('Content-Type', 'text/event-stream')
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) continue
    for (const one of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${one}`)
  }
  if (framing === 'chunked') addDefault('Transfer-Encoding', 'chunked')
  if (contentLength !== undefined) addDefault('Content-Length', String(contentLength))
  if (!keepAlive) addDefault('Connection', 'close')
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

const keepBytes = (bytes: Buffer): Buffer => bytes

async function play(
  actions: Iterable<Action> | AsyncIterable<Action>,
  frame: (bytes: Buffer) => Buffer,
  wire: Wire,
): Promise<Ending> {
  for await (const action of actions) {
    if ('ending' in action) return action.ending
    if ('bytes' in action) await send(frame(action.bytes), wire)
    else await rejectOnAbort(action.pause(wire.closed), wire.closed)
    wire.closed.throwIfAborted()
  }
  return 'END'
}

/** Resolves when the operating system has accepted the bytes. A client that does not read stops the script here. */
function send(bytes: Buffer, { socket, closed, onSent }: Wire): Promise<void> {
  if (bytes.length === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    closed.throwIfAborted()
    socket.write(bytes, (error) => {
      if (error) return reject(error)
      onSent(bytes.length)
      resolve()
    })
  })
}

async function rejectOnAbort(work: PromiseLike<unknown>, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).then(() => signal.removeEventListener('abort', abort))
  })
}

function end(ending: Ending, { socket, tcp, onEnding }: Wire): void {
  if (ending === 'HOLD') return
  onEnding()
  if (ending === 'RST') tcp.resetAndDestroy()
  else socket.end()
}
