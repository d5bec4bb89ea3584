import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createProgress, type FeedConnectionState, type FeedGate } from './progress.ts'

function watched(progress = createProgress()) {
  const seen: string[] = []
  const stop = progress.watch(({ name, phase }) => seen.push(`${name} ${phase}`))
  return { progress, stop, taken: () => seen.splice(0) }
}

function gateThatIs(shut: boolean) {
  const changes = new Subject<boolean>()
  const gate = { shut, changes }
  return {
    gate: gate satisfies FeedGate,
    set(next: boolean) {
      gate.shut = next
      changes.next(next)
    },
    get isWatched() {
      return changes.observed
    },
  }
}

const status = (name: FeedConnectionState['status']): FeedConnectionState => ({ status: name })

describe('a feed', () => {
  it('is away until its connection is open, between connections, and over when its stream is', () => {
    const { progress, taken } = watched()
    const feed = progress.feed('ams')
    for (const each of ['connecting', 'open', 'waiting', 'connecting', 'open', 'closed'] as const) {
      feed.state.next(status(each))
    }
    expect(taken()).toEqual(['ams away', 'ams open', 'ams away', 'ams open', 'ams over'])
  })

  it('is away while its gate is shut, and no longer watches the gate when its connection ends', () => {
    const { progress, taken } = watched()
    const control = gateThatIs(true)
    const feed = progress.feed('ams', { gate: control.gate })
    expect(feed.gate).toBe(control.gate)
    feed.state.next(status('open'))
    control.set(false)
    control.set(true)
    control.set(false)
    expect(taken()).toEqual(['ams away', 'ams open', 'ams away', 'ams open'])
    feed.state.next(status('waiting'))
    expect(control.isWatched).toBe(false)
    control.set(true)
    feed.state.next(status('open'))
    control.set(false)
    feed.state.next(status('closed'))
    expect(control.isWatched).toBe(false)
    expect(taken()).toEqual(['ams away', 'ams open', 'ams over'])
  })

  it('tells observers of the user the same, and remembers the last event ID', () => {
    const states: unknown[] = []
    const ids: string[] = []
    const progress = createProgress()
    const feed = progress.feed('ams', {
      state: { next: (value: unknown) => states.push(value) },
      cursor: { next: (id) => ids.push(id) },
    })
    feed.state.next(status('open'))
    feed.cursor.next('7')
    expect(states).toEqual([{ status: 'open' }])
    expect(ids).toEqual(['7'])
    expect(progress.feeds).toEqual([{ name: 'ams', phase: 'open', lastEventId: '7' }])
  })

  it('of a new subscription takes the place of the old one, whose states no longer count', () => {
    const { progress, taken } = watched()
    const first = progress.feed('ams')
    first.state.next(status('open'))
    first.state.next(status('closed'))
    const second = progress.feed('ams')
    second.state.next(status('connecting'))
    second.state.next(status('open'))
    first.state.next(status('closed'))
    first.cursor.next('old')
    expect(taken()).toEqual(['ams away', 'ams open', 'ams over', 'ams away', 'ams open'])
    expect(progress.feeds).toEqual([{ name: 'ams', phase: 'open', lastEventId: '' }])
  })

  it('of a new subscription does not follow the gate of the old one, whose connection still stands', () => {
    const { progress, taken } = watched()
    const control = gateThatIs(false)
    const first = progress.feed('ams', { gate: control.gate })
    first.state.next(status('open'))
    const second = progress.feed('ams')
    control.set(true)
    control.set(false)
    expect(taken()).toEqual(['ams away', 'ams open', 'ams away'])
    second.state.next(status('open'))
    control.set(true)
    expect(taken()).toEqual(['ams open'])
    first.state.next(status('closed'))
    expect(control.isWatched).toBe(false)
  })

  it('needs a name', () => {
    expect(() => createProgress().feed('')).toThrow('progress.feed: name must be a string')
  })
})

describe('whoever watches', () => {
  it('is told the feeds there are, then every change, until it stops', () => {
    const progress = createProgress({ maxWait: '1m' })
    expect(progress.maxWait).toBe(60_000)
    progress.feed('ams').state.next(status('open'))
    const { taken, stop } = watched(progress)
    const par = progress.feed('par')
    par.state.next(status('open'))
    stop()
    par.state.next(status('closed'))
    expect(taken()).toEqual(['ams open', 'par away', 'par open'])
  })
})

it('maxWait that is no duration is refused', () => {
  expect(() => createProgress({ maxWait: -1 })).toThrow('createProgress: maxWait must be a duration')
})
