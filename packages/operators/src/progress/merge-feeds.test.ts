import { NEVER, of, repeat, Subject } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { mergeFeeds } from './merge-feeds.ts'
import type { FeedFragment } from './progress.ts'

describe('mergeFeeds', () => {
  it('knows every feed before the first event, and gives each event the name of its feed', () => {
    const par = new Subject<string>()
    const { events, progress } = mergeFeeds({ ams: () => of(1, 2), par: () => par })
    const seen: unknown[] = []
    const phases: unknown[] = []
    events.subscribe((event) => {
      expectTypeOf(event).toEqualTypeOf<
        { readonly feed: 'ams'; readonly value: number } | { readonly feed: 'par'; readonly value: string }
      >()
      seen.push(event)
      phases.push(progress.feeds.map(({ name, phase }) => `${name} ${phase}`))
    })
    par.next('x')
    expect(seen).toEqual([
      { feed: 'ams', value: 1 },
      { feed: 'ams', value: 2 },
      { feed: 'par', value: 'x' },
    ])
    expect(phases).toEqual([
      ['ams open', 'par away'],
      ['ams open', 'par away'],
      ['ams over', 'par open'],
    ])
  })

  it('waits for every feed in a second subscription too, as retry and repeat make one', () => {
    const { events, progress } = mergeFeeds({ ams: () => of(1, 2, 40), par: () => of(1, 2, 41) })
    const late: unknown[] = []
    const windows = events.pipe(
      windowAggregate(tumbling(10), {
        progress,
        feed: (e) => e.feed,
        timestamp: (e) => e.value,
        late: (e) => late.push(e),
        aggregates: (a) => ({ n: a.count() }),
      }),
    )
    const seen: number[] = []
    windows.pipe(repeat(3)).subscribe(({ value }) => seen.push(value.n))
    expect(seen).toEqual([4, 2, 4, 2, 4, 2])
    expect(late).toEqual([])
  })

  it('leaves the phase to the connection of a feed that uses its fragment', () => {
    let used: FeedFragment | undefined
    const { events, progress } = mergeFeeds({
      ams(feed) {
        used = { ...feed }
        return NEVER
      },
    })
    const subscription = events.subscribe()
    const phase = () => progress.feeds[0]?.phase
    expect(phase()).toBe('away')
    used?.state.next({ status: 'open' })
    expect(phase()).toBe('open')
    used?.state.next({ status: 'waiting' })
    expect(phase()).toBe('away')
    subscription.unsubscribe()
    expect(phase()).toBe('over')
  })

  it('has a feed over that completes, errors or throws while it is made, and passes the error on', () => {
    const endings: unknown[] = []
    for (const par of [
      () => of(1),
      () => {
        throw new Error('no feed')
      },
    ]) {
      const { events, progress } = mergeFeeds({ par })
      events.subscribe({
        error: (error: Error) => endings.push(error.message),
        complete: () => endings.push('complete'),
      })
      endings.push(progress.feeds.map(({ phase }) => phase))
    }
    expect(endings).toEqual(['complete', ['over'], 'no feed', ['over']])
  })

  it('starts anew for each subscription', () => {
    let made = 0
    const { events, progress } = mergeFeeds({ ams: () => of(made++) })
    events.subscribe()
    events.subscribe()
    expect(made).toBe(2)
    expect(progress.feeds).toMatchObject([{ name: 'ams', phase: 'over' }])
  })

  it('refuses what is no function', () => {
    expect(() => mergeFeeds({ ams: of(1) } as never)).toThrow('mergeFeeds: feeds.ams must be a function')
  })
})
