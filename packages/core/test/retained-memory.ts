// Keeps strings of events and prints how many bytes they take for each byte that copies take. Needs --expose-gc.
// Arguments: what to keep, and the size of an event.
import { Decoder } from '../dist/response/decoder.js'

type Kept = 'id' | 'type' | 'data'

const [what = 'id', size = '2000'] = process.argv.slice(2) as [Kept?, string?]
const filler = 'x'.repeat(Number(size))
const EVENTS = 100_000
const CHUNK = 65_536

const collect = (globalThis as unknown as { gc(): void }).gc

/** The bytes of the heap that `make` adds. */
function measure(make: () => unknown): number {
  collect()
  const before = process.memoryUsage().heapUsed
  const kept = make()
  collect()
  collect()
  const size = process.memoryUsage().heapUsed - before
  if (kept === undefined) throw new Error('nothing was kept')
  return size
}

function createEvent(i: number): string {
  const id = `id: ${String(i).padStart(36, '0')}`
  const type = `event: sensor-reading-of-device-${i % 2}`
  if (what !== 'data') return `${type}\n${id}\ndata: ${filler}\n\n`
  // Short data, of one line or two, in a large event.
  const lines = [String(i).padStart(20, '0'), String(i).padStart(20, '1')].slice(0, 1 + (i % 2))
  return `${type}\n${id}\nx-note: ${filler}\n${lines.map((line) => `data: ${line}\n`).join('')}\n`
}

function decode(): string[] {
  const kept: string[] = []
  const decoder = new Decoder(
    {
      onEvent(type, data) {
        if (what === 'type') kept.push(type)
        if (what === 'data') kept.push(data)
      },
      onId(id) {
        if (what === 'id') kept.push(id)
      },
      onRetry() {},
    },
    { types: undefined, maxEventSize: 16_777_216 },
    () => {
      throw new Error('too large')
    },
  )
  let text = ''
  for (let i = 0; i < EVENTS; i++) {
    text += createEvent(i)
    if (text.length < CHUNK) continue
    decoder.push(Buffer.from(text))
    decoder.flush()
    text = ''
  }
  decoder.end()
  return kept
}

const copyAll = (): string[] => decode().map((text) => Buffer.from(text).toString())

// The first runs also compile, and what that takes is freed at some time.
decode()
measure(decode)
console.log(measure(decode) / measure(copyAll))
