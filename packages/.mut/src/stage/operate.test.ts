import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { groupWithin } from '../window/group-within.ts'

describe('a serialized operator', () => {
  it('handles the events that its consumer sends inside an emission before the completion of the source', () => {
    const source = new Subject<number>()
    const seen: unknown[] = []
    source.pipe(groupWithin({ maxItems: 2 })).subscribe({
      next(group) {
        seen.push(group)
        if (group[0] !== 1) return
        source.next(3)
        source.complete()
      },
      complete: () => seen.push('complete'),
    })
    source.next(1)
    source.next(2)
    expect(seen).toEqual([[1, 2], [3], 'complete'])
  })
})
