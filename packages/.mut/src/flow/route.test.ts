import type { SseEvent } from '@rxsse/shared'
import { concat, from, map, NEVER, Observable, of, Subject, take, throwError } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { data } from '../decode/data.ts'
import { route } from './route.ts'

type Union = SseEvent<number, 'price'> | SseEvent<string, 'note'> | SseEvent<boolean, 'other'>

describe('route', () => {
  it('sends each event to the branch of its type, narrowed, and merges the outputs', () => {
    const source = new Subject<Union>()
    const seen: unknown[] = []
    source
      .pipe(
        route({
          price: (prices$) => prices$.pipe(map((e) => e.data * 2)),
          note: (notes$) => notes$.pipe(data()),
        }),
      )
      .subscribe((value) => {
        expectTypeOf(value).toEqualTypeOf<number | string>()
        seen.push(value)
      })
    source.next(event(1, 'price'))
    source.next(event('x', 'note'))
    source.next(event(2, 'price'))
    expect(seen).toEqual([2, 'x', 4])
  })

  it('passes events without a branch, or whose branch has completed, to onDropped', () => {
    const source = new Subject<Union>()
    const dropped: unknown[] = []
    const seen: unknown[] = []
    source
      .pipe(route({ price: (prices$) => prices$.pipe(take(1)) }, { onDropped: (e) => dropped.push(e.data) }))
      .subscribe((e) => seen.push(e.data))
    source.next(event(1, 'price'))
    source.next(event(2, 'price'))
    source.next(event(true, 'other'))
    expect(seen).toEqual([1])
    expect(dropped).toEqual([2, true])
  })

  it('passes events without a type or a name to onDropped', () => {
    const dropped: unknown[] = []
    const untyped = [null, 5, {}, { type: 5 }]
    from(untyped as unknown[] as Union[])
      .pipe(route({ price: (p$) => p$ }, { onDropped: (e) => dropped.push(e) }))
      .subscribe()
    expect(dropped).toEqual(untyped)
    of(1, 2)
      .pipe(
        route(
          { odd: (n$: Observable<number>) => n$ },
          {
            by: (n: number): 'odd' | undefined => (n === 1 ? 'odd' : undefined),
            onDropped: (n) => dropped.push(n),
          },
        ),
      )
      .subscribe()
    expect(dropped.at(-1)).toBe(2)
  })

  it('uses the name that `by` returns', () => {
    const seen: unknown[] = []
    of(1, 2, 3, 4)
      .pipe(
        route(
          { even: (n$) => n$.pipe(map((n) => `even ${n}`)), odd: (n$) => n$.pipe(map((n) => -n)) },
          { by: (n: number) => (n % 2 === 0 ? 'even' : 'odd') },
        ),
      )
      .subscribe((value) => {
        expectTypeOf(value).toEqualTypeOf<string | number>()
        seen.push(value)
      })
    expect(seen).toEqual([-1, 'even 2', -3, 'even 4'])
  })

  it('completes when the source and every branch have completed', () => {
    const source = new Subject<Union>()
    const slow = new Subject<string>()
    const endings: string[] = []
    source
      .pipe(route({ price: (p$) => concat(p$, slow) }))
      .subscribe({ complete: () => endings.push('complete') })
    source.complete()
    expect(endings).toEqual([])
    slow.complete()
    expect(endings).toEqual(['complete'])
  })

  it('errors if a branch errors, and unsubscribes from the others', () => {
    const source = new Subject<Union>()
    const other = new Subject<string>()
    const errors: unknown[] = []
    source
      .pipe(
        route({
          price: () => throwError(() => 'boom'),
          note: (n$) => concat(n$.pipe(take(0)), other, NEVER),
        }),
      )
      .subscribe({ error: (e) => errors.push(e) })
    expect(errors).toEqual(['boom'])
    expect(other.observed).toBe(false)
    expect(source.observed).toBe(false)
  })

  it('may emit from a branch before the source emits', () => {
    const seen: unknown[] = []
    new Subject<Union>().pipe(route({ price: () => of('hello') })).subscribe((v) => seen.push(v))
    expect(seen).toEqual(['hello'])
  })

  it('stops a synchronous branch when it is unsubscribed, and starts no other', () => {
    let emitted = 0
    const tireless = new Observable<number>((subscriber) => {
      while (!subscriber.closed && emitted < 1000) subscriber.next(emitted++)
    })
    const seen: unknown[] = []
    new Subject<Union>()
      .pipe(route({ price: () => tireless, note: () => tireless }), take(3))
      .subscribe((value) => seen.push(value))
    expect(seen).toEqual([0, 1, 2])
    expect(emitted).toBe(3)
  })

  it('accepts only branches for types of the union', () => {
    // @ts-expect-error there is no such type
    new Subject<Union>().pipe(route({ prize: (p$: Subject<Union>) => p$ })).subscribe()
    expect(() => route({ price: 5 as unknown as () => [] })).toThrow(
      'route: branch price must be a function, not the number 5',
    )
  })
})

conformance<SseEvent<number>, number>('route', {
  operator: (options) =>
    route({ a: (e$) => e$.pipe(map((e) => e.data)), b: (e$) => e$.pipe(map((e) => -e.data)) }, options),
  input: (i) => event(i, ['a', 'b', 'c'][i % 3]),
  failing: (fail, options) => route({ a: (e$) => e$.pipe(map((e) => e.data)) }, { by: fail, ...options }),
})
