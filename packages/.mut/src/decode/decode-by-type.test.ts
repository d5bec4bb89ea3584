import type { SseEvent } from '@rxsse/shared'
import { of } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { ofType } from '../filter/of-type.ts'
import { decodeByType } from './decode-by-type.ts'
import { defineEvents } from './define-events.ts'
import type { InvalidEvent } from './invalid-event.ts'

const events = defineEvents({
  price: z.object({ symbol: z.string(), price: z.number() }),
  note: z.string(),
})

describe('decodeByType', () => {
  it('decodes each event with the schema of its type, to a union by type', () => {
    const seen: unknown[] = []
    of(event('{"symbol":"a","price":1}', 'price', '1'), event('"hello"', 'note', '2'))
      .pipe(decodeByType(events))
      .subscribe((e) => {
        expectTypeOf(e).toEqualTypeOf<
          SseEvent<{ symbol: string; price: number }, 'price'> | SseEvent<string, 'note'>
        >()
        if (e.type === 'price') seen.push(e.data.price)
        else seen.push(e.data.length)
      })
    expect(seen).toEqual([1, 5])
  })

  it('passes events of other types to onUnknown, whatever their names', () => {
    const unknown: string[] = []
    of(event('1', 'other'), event('1', 'constructor'), event('1', '__proto__'), event('"x"', 'note'))
      .pipe(decodeByType(events, { onUnknown: (e) => unknown.push(e.type) }))
      .subscribe()
    expect(unknown).toEqual(['other', 'constructor', '__proto__'])
  })

  it('passes invalid events to onInvalid', () => {
    const invalid: InvalidEvent[] = []
    of(event('7', 'note', '3'))
      .pipe(decodeByType(events, { onInvalid: (i) => invalid.push(i) }))
      .subscribe()
    expect(invalid).toMatchObject([{ id: '3', type: 'note', raw: '7' }])
  })

  it('returns a union that ofType narrows, where an unknown type does not compile', () => {
    const union$ = of(event('"x"', 'note')).pipe(decodeByType(events))
    union$.pipe(ofType('note')).subscribe((e) => expectTypeOf(e).toEqualTypeOf<SseEvent<string, 'note'>>())
    // @ts-expect-error there is no such type
    union$.pipe(ofType('nota')).subscribe()
  })

  it('names the type with the wrong schema', () => {
    // @ts-expect-error a number is no schema
    expect(() => defineEvents({ price: 5 })).toThrow(/^defineEvents: price must be a Standard Schema/)
    // @ts-expect-error a number is no schema
    expect(() => decodeByType({ price: 5 })).toThrow(/^decodeByType: price must be a Standard Schema/)
  })
})

conformance('decodeByType', {
  operator: (options) => decodeByType(events, options),
  input: (i) => (i % 3 === 0 ? event('"x"', 'other') : event(`"${i}"`, 'note')),
})
