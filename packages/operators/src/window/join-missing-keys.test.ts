import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { copyState, keepState } from '../../test/kept.ts'
import type { Key } from '../index.ts'
import { joinWithin } from './join-within.ts'

interface Item {
  readonly id: string
  readonly key: Key
}

const missing: readonly Key[] = [null, undefined, [null], ['a', undefined], [undefined, null]]

/** A full join that a test can copy. Each event is of the same time. */
function start() {
  const [left, right] = [new Subject<Item>(), new Subject<Item>()]
  const { stage, state } = keepState()
  const seen: string[] = []
  const side = { key: (item: Item) => item.key, timestamp: () => 0 }
  left
    .pipe(
      joinWithin(right, { left: side, right: side, within: 5, kind: 'full', stage }, (a, b) => {
        return `${a?.id ?? '-'}+${b?.id ?? '-'}`
      }),
    )
    .subscribe((pair) => seen.push(pair))
  const complete = () => {
    left.complete()
    right.complete()
  }
  return { left, right, state, seen, complete, keys: () => stage.counts().keys }
}

describe('joinWithin', () => {
  it.each(missing)('matches nothing with the missing key %j, as SQL does with NULL', (key) => {
    const { left, right, seen, complete, keys } = start()
    for (const id of ['a', 'b']) left.next({ id, key })
    for (const id of ['c', 'd']) right.next({ id, key })
    expect(seen).toEqual([])
    complete()
    expect(seen.sort()).toEqual(['-+c', '-+d', 'a+-', 'b+-'])
    expect(keys()).toBe(0)
  })

  it('matches keys that look like missing ones', () => {
    const present: readonly Key[] = ['', 0, Number.NaN, false, 'null', '\0none 0', [], [''], [Number.NaN]]
    const { left, right, seen } = start()
    right.next({ id: 'none', key: null })
    for (const [i, key] of present.entries()) {
      left.next({ id: `l${i}`, key })
      right.next({ id: `r${i}`, key })
    }
    expect(seen).toEqual(present.map((_, i) => `l${i}+r${i}`))
  })

  it('keeps missing keys apart in a restored state too', () => {
    const original = start()
    original.left.next({ id: 'a', key: null })
    const restored = start()
    restored.state().restore(copyState(original.state(), () => {}))
    restored.right.next({ id: 'b', key: null })
    restored.left.next({ id: 'c', key: undefined })
    expect(restored.seen).toEqual([])
    restored.complete()
    expect(restored.seen.sort()).toEqual(['-+b', 'a+-', 'c+-'])
  })
})
