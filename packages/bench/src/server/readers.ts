import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { constants, gunzipSync } from 'node:zlib'
import { serveOtherSide } from '../harness/other-side.ts'

/** A request to the readers: connect, or answer once each of them has received this many events in total. */
export type Question =
  | { readonly connect: string; readonly connections: number; readonly gzip?: boolean }
  | { readonly received: number }

export interface Answer {
  /** The bytes of all bodies before decompression. */
  readonly bytes: number
}

// Each reader checks that every event arrives complete, in order and once.
class Reader {
  next = 0
  #rest = ''
  #zipped: Buffer[] | undefined

  /** Keeps compressed bytes until the measurement is over: inflating them would slow down the server. */
  keep(chunk: Buffer): void {
    this.#zipped ??= []
    this.#zipped.push(chunk)
  }

  inflate(): void {
    if (this.#zipped === undefined) return
    const whole = Buffer.concat(this.#zipped)
    this.next = 0
    this.#rest = ''
    this.read(gunzipSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1'))
  }

  read(text: string): void {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const at = block.indexOf('{"n":')
      if (at < 0) continue
      if (Number.parseInt(block.slice(at + 5), 10) !== this.next || !block.includes('"}')) {
        throw new Error(`expected event ${this.next}, not ${block}`)
      }
      this.next++
    }
  }
}

const readers: Reader[] = []
let bytes = 0
let gzipped = false
let onProgress: () => void = () => {}

function connect(url: string, gzip: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/event-stream', ...(gzip ? { 'accept-encoding': 'gzip' } : {}) }
    const sent = request(url, { agent: false, headers }, (response: IncomingMessage) => {
      const reader = new Reader()
      readers.push(reader)
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      const zipped = response.headers['content-encoding'] === 'gzip'
      response.on('data', (chunk: Buffer) => {
        if (zipped) reader.keep(chunk)
        else reader.read(chunk.toString('latin1'))
        onProgress()
      })
      resolve()
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function answer(question: Question): Promise<Answer> {
  if ('connect' in question) {
    gzipped = question.gzip ?? false
    // In small groups, because the backlog of a listener is short.
    for (let left = question.connections; left > 0; left -= 50) {
      const group = Array.from({ length: Math.min(50, left) }, () =>
        connect(question.connect, question.gzip ?? false),
      )
      await Promise.all(group)
    }
    return { bytes }
  }
  for (const reader of readers) {
    for (reader.inflate(); gzipped && reader.next < question.received; reader.inflate()) await sleep(20)
  }
  await new Promise<void>((resolve) => {
    let slowest = 0
    onProgress = () => {
      while (slowest < readers.length && (readers[slowest]?.next ?? 0) >= question.received) slowest++
      if (slowest === readers.length) resolve()
    }
    onProgress()
  })
  return { bytes }
}

await serveOtherSide<null, 'ready', Question, Answer>(async () => ({ ready: 'ready', answer }))
