import type { SseEvent } from '@rxsse/shared'
import { of } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { event } from '../../test/events.ts'
import { matchType } from './match-type.ts'
import { ofType } from './of-type.ts'

type Union = SseEvent<number, 'alert.cpu'> | SseEvent<string, 'alert.disk'> | SseEvent<boolean, 'note'>
const all: Union[] = [event(1, 'alert.cpu'), event('x', 'alert.disk'), event(true, 'note')]

function typesThrough(patterns: string | readonly string[], types: readonly string[]): string[] {
  const seen: string[] = []
  of(...types.map((type) => event('', type)))
    .pipe(matchType(patterns))
    .subscribe((e) => seen.push(e.type))
  return seen
}

describe('ofType', () => {
  it('passes on the given types, narrowed', () => {
    const seen: unknown[] = []
    of(...all)
      .pipe(ofType('alert.cpu', 'note'))
      .subscribe((e) => {
        expectTypeOf(e).toEqualTypeOf<SseEvent<number, 'alert.cpu'> | SseEvent<boolean, 'note'>>()
        seen.push(e.data)
      })
    expect(seen).toEqual([1, true])
  })

  it('narrows the type of events whose types are not known', () => {
    of(event('') as SseEvent)
      .pipe(ofType('a', 'b'))
      .subscribe((e) => expectTypeOf(e.type).toEqualTypeOf<'a' | 'b'>())
  })

  it('takes the types as one list too', () => {
    const seen: unknown[] = []
    of(...all)
      .pipe(ofType(['alert.cpu', 'note']))
      .subscribe((e) => {
        expectTypeOf(e).toEqualTypeOf<SseEvent<number, 'alert.cpu'> | SseEvent<boolean, 'note'>>()
        seen.push(e.data)
      })
    expect(seen).toEqual([1, true])
  })

  it('needs at least one type', () => {
    // @ts-expect-error none given
    expect(() => ofType()).toThrow('ofType needs at least one event type')
  })
})

describe('matchType', () => {
  it.each([
    ['*', ['a', 'a.b', ''], ['a', 'a.b', '']],
    [
      'alert.*',
      ['alert.cpu', 'alert.', 'alert', 'alerts.x', 'Alert.x', 'alert.a.b'],
      ['alert.cpu', 'alert.', 'alert.a.b'],
    ],
    ['alert', ['alert', 'alert.cpu', 'ALERT'], ['alert']],
    [
      ['a', 'b.*'],
      ['a', 'b', 'b.c', 'c'],
      ['a', 'b.c'],
    ],
    [['a', '*'], ['z'], ['z']],
  ])('%j passes on the right types', (patterns, types, through) => {
    expect(typesThrough(patterns, types)).toEqual(through)
  })

  it('narrows a union by its patterns', () => {
    const seen: unknown[] = []
    of(...all)
      .pipe(matchType('alert.*'))
      .subscribe((e) => {
        expectTypeOf(e).toEqualTypeOf<SseEvent<number, 'alert.cpu'> | SseEvent<string, 'alert.disk'>>()
        seen.push(e.data)
      })
    expect(seen).toEqual([1, 'x'])
  })

  it.each(['', 'a*', '*.a', '.*', 'a.*.b', '**'])('refuses the pattern %j', (pattern) => {
    expect(() => matchType(pattern)).toThrow(
      /^matchType: a pattern must be '\*', 'prefix\.\*' or an event type, not the string/,
    )
  })

  it('refuses a list with anything but strings', () => {
    // @ts-expect-error a number is no pattern
    expect(() => matchType(['a', 5])).toThrow(
      "matchType: a pattern must be '*', 'prefix.*' or an event type, not the number 5",
    )
  })

  it('refuses an empty list', () => {
    expect(() => matchType([])).toThrow(
      'matchType: patterns must be a pattern or a list of patterns, not an array of 0',
    )
  })
})

const input = (i: number) => all[i % 3] ?? event(true, 'note')
conformance('ofType', { operator: (options) => ofType(['note'], options), input })
conformance('matchType', { operator: (options) => matchType('alert.*', options), input })
