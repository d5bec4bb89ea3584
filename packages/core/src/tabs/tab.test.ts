import { describe, expect, it } from 'vitest'
import type { HolderMessage, Message, Term, Welcome } from './protocol.ts'
import { Tab } from './tab.ts'
import type { TabPort } from './tab-port.ts'

/** A tab whose port records what it does. */
function createTab() {
  const posted: Message[] = []
  const locks: string[] = []
  const delivered: string[] = []
  const port: TabPort = {
    post: (message) => posted.push(message),
    requestLock: (mode) => locks.push(mode),
    releaseLock() {},
    releaseLockLater() {},
    openStream: (id) => delivered.push(`opened after ${id}`),
    closeStream() {},
    pauseStream() {},
    wakeStream() {},
    deliver: ({ data }) => delivered.push(data),
    tellCursor() {},
    tellNews() {},
    tellState() {},
    end() {},
  }
  const tab = new Tab('me', {}, port, { entries: 10, size: 1000 })
  return { tab, posted, locks, delivered }
}

const term = (number: number, tab = 'other'): Term => ({ number, tab })

function welcome(hello: number, of: Term, id = '5'): HolderMessage {
  const answer: Welcome = {
    kind: 'welcome',
    to: 'me',
    hello,
    sequence: 0,
    at: { id, term: `${of.number}.${of.tab}`, count: 0 },
    missed: undefined,
    state: undefined,
  }
  return { ...answer, term: of }
}

function entry(sequence: number, id: string, of: Term): HolderMessage {
  const at = { id, term: `${of.number}.${of.tab}`, count: 0 }
  return {
    kind: 'entry',
    term: of,
    sequence,
    entry: { at, event: { type: 'message', data: id, lastEventId: id } },
  }
}

/** A tab that follows the holder of term 3. */
function createFollower() {
  const made = createTab()
  made.tab.start('')
  made.tab.onLockUnavailable()
  made.tab.onMessage(welcome(1, term(3)))
  expect(made.posted.splice(0)).toMatchObject([{ kind: 'hello', hello: 1 }])
  expect(made.locks.splice(0)).toEqual(['try', 'wait'])
  return made
}

const old = term(2, 'former')
const stale: Record<string, HolderMessage> = {
  entry: entry(1, '6', old),
  announcement: { kind: 'announce', term: old, at: { id: '5', term: '1.a', count: 0 } },
  pong: { kind: 'pong', term: old },
  poll: { kind: 'poll', term: old },
  end: { kind: 'end', term: old, error: undefined },
  leave: { kind: 'left', term: old },
}

describe('a message of a former holder, which comes late', () => {
  it.each(Object.entries(stale))('does not lead away from the holder: %s', (_, message) => {
    const { tab, posted, locks, delivered } = createFollower()
    tab.onMessage(message)
    expect([posted, locks, delivered]).toEqual([[], [], []])
    tab.onMessage(entry(1, '6', term(3)))
    expect(delivered).toEqual(['6'])
  })

  it.each(Object.entries(stale))('does not lower the number of the next term: %s', (_, message) => {
    const { tab, posted } = createFollower()
    tab.onMessage(message)
    tab.onLockGranted()
    expect(posted).toContainEqual(
      expect.objectContaining({ kind: 'announce', term: { number: 4, tab: 'me' } }),
    )
  })
})

describe('an answer to an earlier hello', () => {
  it('is ignored, because the tab asks from another position now', () => {
    const { tab, posted, locks, delivered } = createFollower()
    tab.onMessage(entry(1, '6', term(3)))
    // A step is lost, so the tab asks again, and the holder leaves before it has answered.
    tab.onMessage(entry(3, '8', term(3)))
    tab.onMessage({ kind: 'announce', term: term(4), at: { id: '8', term: '4.other', count: 0 } })
    expect(posted.splice(0)).toMatchObject([
      { kind: 'hello', hello: 2, after: { id: '6' } },
      { kind: 'hello', hello: 3, after: { id: '6' } },
    ])
    tab.onMessage(welcome(2, term(4), '8'))
    expect([locks, delivered]).toEqual([[], ['6']])
    tab.onMessage({ ...(welcome(3, term(4), '8') as HolderMessage & Welcome), missed: [] })
    tab.onMessage(entry(1, '9', term(4)))
    expect(delivered).toEqual(['6', '9'])
  })
})
