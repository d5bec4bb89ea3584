import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Action, type Ending, toActions } from './actions.ts'
import { asChunk, lastChunk } from './chunks.ts'
import type { Attempt, Framing, ResponseAttempt } from './script.ts'

/** A connection as an attempt sees it. `tcp` is what a reset goes to: under TLS, the socket below `socket`. */
export interface Wire {
  readonly socket: Socket
  readonly tcp: Socket
  /** Aborts when the client has left or the connection is gone. */
  readonly gone: AbortSignal
  /** Called with the number of bytes each time the operating system has taken some. */
  readonly onSent: (bytes: number) => void
  /** Called when the server is about to end the connection. */
  readonly onEnding: () => void
}

/** Plays one attempt until it is over or the client has left. True where the connection takes another request. */
export async function perform(attempt: Attempt, wire: Wire): Promise<boolean> {
  if ('raw' in attempt) {
    const ending = await play(toActions(attempt.raw), unframed, wire)
    end(ending === 'END' ? 'CUT' : ending, wire)
    return false
  }
  const framing = attempt.framing ?? 'chunked'
  const keepAlive = attempt.keepAlive === true && framing !== 'close'
  const actions = framing === 'length' ? await collect(toActions(attempt.body)) : toActions(attempt.body)
  const contentLength = Array.isArray(actions) ? countBytes(actions) : undefined
  await send(serializeHead(attempt, framing, keepAlive, contentLength), wire)
  const ending = await play(actions, framing === 'chunked' ? asChunk : unframed, wire)
  if (ending === 'END' && framing === 'chunked') await send(lastChunk, wire)
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
    // A body that is never finished promises a byte it does not have, or the client would take it for whole.
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

const unframed = (bytes: Buffer): Buffer => bytes

async function play(
  actions: Iterable<Action> | AsyncIterable<Action>,
  frame: (bytes: Buffer) => Buffer,
  wire: Wire,
): Promise<Ending> {
  for await (const action of actions) {
    if ('ending' in action) return action.ending
    if ('bytes' in action) await send(frame(action.bytes), wire)
    else await unlessGone(action.pause(wire.gone), wire.gone)
    wire.gone.throwIfAborted()
  }
  return 'END'
}

/** Resolves when the operating system has taken the bytes, so that a client that does not read stops the script here. */
function send(bytes: Buffer, { socket, gone, onSent }: Wire): Promise<void> {
  if (bytes.length === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    gone.throwIfAborted()
    socket.write(bytes, (error) => {
      if (error) return reject(error)
      onSent(bytes.length)
      resolve()
    })
  })
}

async function unlessGone(work: PromiseLike<unknown>, gone: AbortSignal): Promise<unknown> {
  gone.throwIfAborted()
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(gone.reason)
    gone.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).then(() => gone.removeEventListener('abort', leave))
  })
}

function end(ending: Ending, { socket, tcp, onEnding }: Wire): void {
  if (ending === 'HOLD') return
  onEnding()
  if (ending === 'RST') tcp.resetAndDestroy()
  else socket.end()
}
