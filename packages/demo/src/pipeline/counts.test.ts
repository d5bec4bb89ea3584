import fc from 'fast-check'
import { from, lastValueFrom, tap } from 'rxjs'
import { expect, it } from 'vitest'
import { countEvents } from './counts.ts'

it('counts missed and repeated events among consecutive ids, and connections after the first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ id: fc.integer({ min: 1, max: 30 }), isCut: fc.boolean() }), { minLength: 1 }),
      async (events) => {
        const ids = events.map(({ id }) => id)
        let connection = 0
        const arrivals = events.map(({ id, isCut }) => ({
          type: 'quake',
          data: '',
          lastEventId: `${id}`,
          isCut,
        }))
        const counts = await lastValueFrom(
          from(arrivals).pipe(
            tap(({ isCut }) => {
              if (isCut) connection++
            }),
            countEvents(() => `${connection}`),
          ),
        )
        const newest = ids.filter((id, index) => id > Math.max(0, ...ids.slice(0, index)))
        expect(counts).toEqual({
          in: ids.length,
          resumed: events.slice(1).filter(({ isCut }) => isCut).length,
          missed: (newest.at(-1) ?? 0) - newest.length,
          repeated: ids.length - newest.length,
        })
      },
    ),
  )
})
