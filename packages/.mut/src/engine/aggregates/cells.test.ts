import { expect, it } from 'vitest'
import { Cells } from './cells.ts'

it('a released slot keeps no values, and its neighbours keep theirs', () => {
  const cells = new Cells(2)
  const slots = [cells.take(), cells.take(), cells.take()]
  cells.values.push('a', 'a', 'b', 'b', 'c', 'c')
  cells.release(slots[1] ?? Number.NaN)
  expect(cells.values).toEqual(['a', 'a', undefined, undefined, 'c', 'c'])
  expect(cells.taken).toBe(2)
  expect(cells.take()).toBe(slots[1])
})
