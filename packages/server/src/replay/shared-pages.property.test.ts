import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMeant } from '../fan-out/target.ts'
import { CheckedLog } from '../log/checked-log.ts'
import type { LogEntry, LogPage } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import type { Target } from '../sink/message.ts'
import { encodeMessage } from '../wire/encode.ts'
import { type Audience, SharedPages } from './shared-pages.ts'

const TARGETS: readonly Target[] = ['all', 'all', { room: 'a' }, { user: 'u' }]
const AUDIENCES = [
  { rooms: [], user: undefined },
  { rooms: ['a'], user: undefined },
  { rooms: [], user: 'u' },
  { rooms: ['a'], user: 'u' },
  { rooms: ['b'], user: 'v' },
].map(({ rooms, user }): Audience => {
  const sees = ({ target }: LogEntry) => isMeant(target, rooms, user)
  return { identity: sees, sees }
})

function createPages(messages: readonly { readonly size: number; readonly target: number }[]) {
  const log = memoryLog()
  for (const [n, { size, target }] of messages.entries()) {
    log.append({ data: `${n} ${'x'.repeat(size)}`, topic: 'message' }, TARGETS[target] as Target)
  }
  const { entries } = log.since(0, { limit: messages.length }) as LogPage
  const pages = new SharedPages(new CheckedLog(log, () => {}))
  const read = (after: string | number, limit: number) =>
    pages.read(after, { limit, maxBytes: 40_000 }) as LogPage
  return { entries, pages, read }
}

interface Client {
  readonly audience: Audience
  readonly expected: string
  after: string | number
  text: string
  done: boolean
}

describe('those who resume together', () => {
  it('get just what they see, in order and once, wherever each begins and however much it takes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.nat(9_000), target: fc.nat(3) }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.record({ from: fc.nat(59), byId: fc.boolean(), audience: fc.nat(4) }), {
          minLength: 2,
          maxLength: 8,
        }),
        fc.infiniteStream(fc.nat(20)),
        (messages, clients, choices) => {
          const { entries, pages, read } = createPages(messages)
          const running = clients.map(({ from, byId, audience: n }): Client => {
            pages.begin()
            const audience = AUDIENCES[n] as Audience
            const first = entries[from % entries.length] as LogEntry
            const seen = entries.filter(({ offset }) => offset > first.offset).filter(audience.sees)
            const expected = seen.map(({ message, id }) => encodeMessage({ ...message, id })).join('')
            return { audience, expected, after: byId ? first.id : first.offset, text: '', done: false }
          })
          const choose = () => choices.next().value as number
          for (let left = running; left.length > 0; left = left.filter(({ done }) => !done)) {
            const client = left[choose() % left.length] as Client
            takeSome(client, choose() % 4, () => read(client.after, 1 + choose()), pages)
          }
          for (const { text, expected } of running) expect(text).toBe(expected)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('share the bytes, also if each is a user of its own', () => {
    const messages = Array.from({ length: 200 }, () => ({ size: 500, target: 0 }))
    const { pages, read } = createPages(messages)
    const frames = AUDIENCES.map((audience) => {
      pages.begin()
      const piece = pages.find(0, audience) ?? pages.encode(read(0, 100), 0, audience, true)
      return typeof piece === 'number' ? undefined : piece.frame
    })
    // The first one was alone.
    expect(new Set(frames.slice(1)).size).toBe(1)
  })

  it('share nothing after the log has lost entries, and nothing when the last one is done', () => {
    const { pages, read } = createPages(Array.from({ length: 200 }, () => ({ size: 500, target: 0 })))
    const [audience] = AUDIENCES as [Audience]
    const ends = [pages.begin(), pages.begin()]
    const fill = () => pages.encode(read(0, 100), 0, audience, true)
    fill()
    expect(pages.find(0, audience)).toBeDefined()
    pages.clear()
    expect(pages.find(0, audience)).toBeUndefined()
    fill()
    for (const end of ends) end()
    expect(pages.find(0, audience)).toBeUndefined()
  })
})

/** As a replay does: what others have encoded, or pieces of a page. */
function takeSome(client: Client, most: number, read: () => LogPage, pages: SharedPages): void {
  let piece = pages.find(client.after, client.audience)
  if (piece !== undefined) {
    for (let n = 0; piece !== undefined && n <= most; n++) {
      take(client, piece)
      piece = pages.find(client.after, client.audience)
    }
    return
  }
  const page = read()
  for (let n = 0; n <= most; n++) {
    const next = pages.encode(page, client.after, client.audience, n === 0)
    if (typeof next === 'number') {
      client.after = next
      client.done = !page.more
      return
    }
    take(client, next)
  }
}

function take(client: Client, { frame, end }: { frame: { bytes: Uint8Array }; end: number }): void {
  client.text += new TextDecoder().decode(frame.bytes)
  client.after = end
}
