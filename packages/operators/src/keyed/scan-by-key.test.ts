import { VirtualClock } from '@rxsse/testing/virtual-time'
import { of, Subject, take } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Reading, reading, silence } from '../../test/silence.ts'
import { createProgress } from '../progress/progress.ts'
import { createStage } from '../stage/create-stage.ts'
import { scanByKey } from './scan-by-key.ts'

describe('scanByKey', () => {
  it('folds the events of each key, and emits each state', () => {
    const seen: number[] = []
    of(['a', 1], ['b', 10], ['a', 2], ['b', 20])
      .pipe(
        scanByKey({ key: ([key]) => String(key), seed: () => 0 }, (sum: number, [, n]) => sum + Number(n)),
      )
      .subscribe((sum) => seen.push(sum))
    expect(seen).toEqual([1, 10, 3, 30])
  })

  it('emits what `project` makes of a state, and nothing for undefined', () => {
    const seen: unknown[] = []
    of('a', 'b', 'a', 'a')
      .pipe(
        scanByKey(
          { key: (s) => s, seed: () => 0, project: (n, { key }) => (n > 1 ? { key, n } : undefined) },
          (n) => n + 1,
        ),
      )
      .subscribe((result) => {
        expectTypeOf(result).toEqualTypeOf<{ key: string; n: number }>()
        seen.push(result)
      })
    expect(seen).toEqual([
      { key: 'a', n: 2 },
      { key: 'a', n: 3 },
    ])
  })

  it('fires a timer when the watermark reaches it, before the event that moved the watermark', () => {
    const seen: string[] = []
    of(reading('a', 0), reading('b', 4), reading('a', 8), reading('a', 18), reading('a', 19))
      .pipe(silence(), take(2))
      .subscribe((text) => seen.push(text))
    expect(seen).toEqual(['b 14', 'a 18'])
  })

  it('waits with timers for events that are out of order', () => {
    const source = new Subject<Reading>()
    const seen: string[] = []
    source.pipe(silence({ maxOutOfOrderness: 5 })).subscribe((text) => seen.push(text))
    for (const r of [reading('a', 0), reading('b', 14), reading('a', 9), reading('b', 20)]) source.next(r)
    expect(seen).toEqual([])
    source.next(reading('b', 24))
    expect(seen).toEqual(['a 19'])
  })

  it('waits with timers for a feed that is away', () => {
    const progress = createProgress()
    const [x, y] = [progress.feed('x'), progress.feed('y')]
    const source = new Subject<Reading>()
    const seen: string[] = []
    x.state.next({ status: 'open' })
    y.state.next({ status: 'waiting' })
    source.pipe(silence({ progress, feed: (r) => r.sensor })).subscribe((text) => seen.push(text))
    for (const time of [0, 100]) source.next(reading('x', time))
    expect(seen).toEqual([])
    y.state.next({ status: 'open' })
    source.next(reading('y', 50))
    expect(seen).toEqual([])
    y.state.next({ status: 'closed' })
    expect(seen).toEqual(['y 60'])
  })

  it('fires timers by the clock if there is no timestamp', () => {
    const clock = new VirtualClock()
    const source = new Subject<Reading>()
    const seen: [number, string][] = []
    const byTheClock = scanByKey<Reading, string, string>(
      { key: (r) => r.sensor, seed: () => '', onTimer: () => 'silent', scheduler: clock },
      (_, __, { setTimer, time }) => {
        setTimer(new Date(time + 10))
        return 'live'
      },
    )
    source.pipe(byTheClock).subscribe((text) => seen.push([clock.now(), text]))
    source.next(reading('a', 0))
    clock.advanceTo(7)
    source.next(reading('a', 0))
    clock.runOut()
    expect(seen).toEqual([
      [0, 'live'],
      [7, 'live'],
      [17, 'silent'],
    ])
  })

  it('lets onTimer set the timer again, and forget the key', () => {
    const clock = new VirtualClock()
    const stage = createStage('s')
    const source = new Subject<string>()
    const seen: [number, number][] = []
    source
      .pipe(
        scanByKey(
          {
            key: (s) => s,
            seed: () => 0,
            scheduler: clock,
            stage,
            onTimer(n, { time, setTimer, forget }) {
              if (n < 3) setTimer(time + 10)
              else forget()
              return n + 1
            },
          },
          (n: number, _, { time, timer, setTimer }) => {
            expect(timer).toBeUndefined()
            setTimer(time + 10)
            return n + 1
          },
        ),
      )
      .subscribe((n) => seen.push([clock.now(), n]))
    source.next('a')
    clock.runOut()
    expect(stage.counts().keys).toBe(0)
    source.next('a')
    expect(seen).toEqual([
      [0, 1],
      [10, 2],
      [20, 3],
      [30, 4],
      [30, 1],
    ])
  })

  it('fires each timer that is set when the source completes, once', () => {
    const seen: string[] = []
    of(reading('b', 5), reading('a', 7), reading('c', 6))
      .pipe(
        silence({
          onTimer(_, { time, setTimer }) {
            setTimer(time + 1)
            return 'silent'
          },
        }),
      )
      .subscribe((text) => seen.push(text))
    expect(seen).toEqual(['b 15 at the end', 'c 16 at the end', 'a 17 at the end'])
  })

  it('tells onEvicted the state of a key, whose timer then does not fire', () => {
    const evicted: unknown[] = []
    const seen: string[] = []
    const source = new Subject<Reading>()
    source
      .pipe(silence({ ttl: 8, maxKeys: 2, onEvicted: (e) => evicted.push(e) }))
      .subscribe((text) => seen.push(text))
    for (const r of [reading('a', 0), reading('b', 1), reading('c', 2), reading('c', 10)]) source.next(r)
    expect(evicted).toEqual([
      { key: 'a', reason: 'max-keys', state: 'live' },
      { key: 'b', reason: 'ttl', state: 'live' },
      { key: 'c', reason: 'ttl', state: 'live' },
    ])
    source.complete()
    expect(evicted).toHaveLength(4)
    expect(seen).toEqual([])
  })

  it('keeps state and timer of a key if fn or project throws for an event', () => {
    const source = new Subject<{ readonly t: number; readonly bad?: string }>()
    const seen: unknown[] = []
    const routed: unknown[] = []
    source
      .pipe(
        scanByKey(
          {
            timestamp: (e) => e.t,
            seed: () => [] as readonly unknown[],
            onTimer: (state) => [...state, 'timer'],
            onError: (error) => routed.push((error as Error).message),
            project(state) {
              if (state.at(-1) === 'project') throw new Error('project')
              return state
            },
          },
          (state, e, { setTimer }) => {
            setTimer(e.t + (e.bad === undefined ? 10 : 1))
            if (e.bad === 'fn') throw new Error('fn')
            return [...state, e.bad ?? e.t]
          },
        ),
      )
      .subscribe((state) => seen.push(state))
    for (const e of [{ t: 0 }, { t: 1, bad: 'fn' }, { t: 2, bad: 'project' }, { t: 10 }]) source.next(e)
    expect(routed).toEqual(['fn', 'project'])
    expect(seen).toEqual([[0], [0, 'timer'], [0, 'timer', 10]])
  })

  it('keeps no key if fn or project throws for its first event', () => {
    const stage = createStage('scan')
    const source = new Subject<string>()
    const seen: unknown[] = []
    const evicted: unknown[] = []
    source
      .pipe(
        scanByKey(
          {
            key: (text) => text.split(' ')[0],
            maxKeys: 2,
            seed: () => 0,
            onEvicted: ({ key }) => evicted.push(key),
            onError: () => {},
            project(n, { key }) {
              if (n === 7) throw new Error('project')
              return `${key} ${n}`
            },
            stage,
          },
          (n, text) => {
            const added = Number(text.split(' ')[1])
            if (Number.isNaN(added)) throw new Error('fn')
            return n + added
          },
        ),
      )
      .subscribe((text) => seen.push(text))
    for (const text of ['a 1', 'b ?', 'c 7', 'd', 'a ?', 'a 6']) source.next(text)
    expect([stage.counts().keys, stage.counts().rejected, evicted]).toEqual([1, 5, []])
    for (const text of ['b 2', 'a 3']) source.next(text)
    expect([seen, stage.counts().keys, evicted]).toEqual([['a 1', 'b 2', 'a 4'], 2, []])
  })

  it('errors instead of firing billions of timers after a jump of event time, but fires those of millions of keys', () => {
    const scan = (sets: boolean, step: number) => {
      const source = new Subject<{ readonly t: number; readonly n: number }>()
      const result = { fired: 0, error: undefined as unknown }
      source
        .pipe(
          scanByKey(
            {
              timestamp: (e) => e.t,
              key: (e) => e.n,
              seed: () => 0,
              onTimer(state, { time, setTimer, forget }) {
                result.fired++
                if (sets) setTimer(time + step)
                else forget()
                return state
              },
              project: () => undefined,
            },
            (state, e, { setTimer }) => {
              setTimer(e.t + step)
              return state
            },
          ),
        )
        .subscribe({ error: (error) => (result.error = error) })
      return { source, result }
    }
    const wrong = scan(true, 1000)
    for (const t of [0, 1.7e12]) wrong.source.next({ t, n: 1 })
    expect(wrong.result.error).toEqual(
      new RangeError(
        'scanByKey: timers would fire 2e+9 times up to 1700000000000. Use maxFutureDrift, or set later timers',
      ),
    )
    const year = scan(true, 60_000)
    for (const t of [0, 31_536_000_000]) year.source.next({ t, n: 1 })
    expect(year.result).toEqual({ fired: 525_600, error: undefined })
    const keys = scan(false, 1)
    for (let n = 0; n < 1_100_000; n++) keys.source.next({ t: 0, n })
    keys.source.next({ t: 1.7e12, n: 0 })
    expect(keys.result).toEqual({ fired: 1_100_000, error: undefined })
  })

  it('errors with what onTimer throws, also if there is an onError', () => {
    const errors: unknown[] = []
    of(reading('a', 0), reading('a', 50))
      .pipe(
        silence({
          onError: () => {},
          onTimer() {
            throw new Error('boom')
          },
        }),
      )
      .subscribe({ error: (error) => errors.push(error.message) })
    expect(errors).toEqual(['boom'])
  })
})
