import { setTimeout as delay } from 'node:timers/promises'
import { optionError } from '@rxsse/shared'
import { checkStep, checkSteps, requirePromise, requireSleep } from '../steps.ts'
import { encodeNumbers, FLAG, FRAME, type Frame, resolveErrorCode } from './frames.ts'
import { encodeFields } from './hpack.ts'
import type { Http2Head, Http2Step, Http2Steps } from './script.ts'
import type { Http2Stream } from './stream.ts'

/** What the steps of a stream need of its connection. */
export interface StepHost {
  sendFrame(frame: Frame): void
  /** Sends DATA frames. Resolves when the client's windows have let all of it go. */
  sendData(bytes: Buffer, stream: Http2Stream): Promise<void>
  /** Ends the TCP connection. */
  cut(): void
  /** Resets the TCP connection. */
  reset(): void
}

/** Performs the steps for one request, until they end the stream or the client has left. Rejects if it has left. */
export async function playSteps(steps: Http2Steps, stream: Http2Stream, host: StepHost): Promise<void> {
  const { signal } = stream.gone
  checkSteps(steps, 'the steps of a request')
  for await (const step of steps) {
    checkStep(step, MEMBERS)
    if (signal.aborted || !(await perform(step, stream, host))) break
  }
  if (stream.hasHead && !stream.isDone && !signal.aborted) endStream(stream, host)
}

/** False if no step may follow. */
async function perform(step: Http2Step, stream: Http2Stream, host: StepHost): Promise<boolean> {
  const { signal } = stream.gone
  if (typeof step === 'string' && WORDS.has(step)) return performWord(step, stream, host)
  if (typeof step === 'string' || step instanceof Uint8Array) await host.sendData(Buffer.from(step), stream)
  else if ('head' in step) sendHead(step.head, stream, host)
  else if ('sleep' in step) await delay(requireSleep(step.sleep), undefined, { signal })
  else if ('until' in step) {
    await unlessAborted(requirePromise(step.until), signal)
  } else if ('reset' in step) {
    stream.isDone = true
    host.sendFrame(encodeNumbers(FRAME.RST_STREAM, stream.id, resolveErrorCode(step.reset)))
  } else if ('goaway' in step) {
    const last = step.lastStream ?? stream.id
    host.sendFrame(encodeNumbers(FRAME.GOAWAY, 0, last, resolveErrorCode(step.goaway)))
  } else {
    const { type, flags = 0, stream: id = stream.id, payload = Buffer.alloc(0) } = step.frame
    host.sendFrame({ type, flags, stream: id, payload: Buffer.from(payload) })
  }
  return true
}

async function performWord(word: string, stream: Http2Stream, host: StepHost): Promise<boolean> {
  if (word === 'HOLD') await unlessAborted(new Promise(() => {}), stream.gone.signal)
  else if (word === 'END') endStream(stream, host)
  else if (word === 'CUT') host.cut()
  else host.reset()
  return false
}

function sendHead(
  { status, headers = {}, endStream: isEnd = false }: Http2Head,
  stream: Http2Stream,
  host: StepHost,
): void {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw optionError('head.status', 'a whole number from 100 to 999', status)
  }
  const isFinal = status >= 200
  const fields: (readonly [string, string])[] = [[':status', String(status)]]
  if (isFinal && !('content-type' in headers)) fields.push(['content-type', 'text/event-stream'])
  for (const [name, value] of Object.entries(headers)) if (value !== null) fields.push([name, value])
  stream.hasHead ||= isFinal
  stream.isDone ||= isEnd
  const flags = FLAG.END_HEADERS | (isEnd ? FLAG.END_STREAM : 0)
  host.sendFrame({ type: FRAME.HEADERS, flags, stream: stream.id, payload: encodeFields(fields) })
}

function endStream(stream: Http2Stream, host: StepHost): void {
  stream.isDone = true
  host.sendFrame({
    type: FRAME.DATA,
    flags: FLAG.END_STREAM,
    stream: stream.id,
    payload: Buffer.alloc(0),
  })
}

/** Settles as `work` does. Rejects as soon as the signal aborts. */
export function unlessAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    const stop = (): void => signal.removeEventListener('abort', abort)
    work.then(resolve, reject).then(stop, stop)
  })
}

const MEMBERS = ['head', 'sleep', 'until', 'reset', 'goaway', 'frame']

const WORDS: ReadonlySet<string> = new Set(['END', 'CUT', 'RST', 'HOLD'])
