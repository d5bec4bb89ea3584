import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { merge, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import { memoryStore } from '../store/memory-store.ts'
import { createJob } from './create-job.ts'

describe('two deliver of a job', () => {
  it('error if they have one name, and each deliver their results if they have not', async () => {
    const clock = new VirtualClock()
    const start = (...names: (string | undefined)[]) => {
      const job = createJob({ store: memoryStore(), every: 100, scheduler: clock })
      const sources = names.map(() => new Subject<SseEvent>())
      const delivered: string[] = []
      const errors: unknown[] = []
      merge(
        ...sources.map((source, n) => {
          const name = names[n]
          return job
            .feed(`feed ${n}`, () => source)
            .pipe(
              job.deliver(({ data }) => void delivered.push(`${n} ${data}`), {
                when: 'when-saved',
                ...(name !== undefined && { name }),
              }),
            )
        }),
      ).subscribe({ error: (error) => errors.push(error) })
      return { sources, delivered, errors }
    }
    const same = start(undefined, undefined)
    expect(String(same.errors[0])).toContain('the deliver "results" is subscribed already')

    const { sources, delivered, errors } = start('a', undefined)
    await turn()
    for (const source of sources) source.next(event('1'))
    clock.advanceTo(100)
    expect(delivered).toEqual(['0 1', '1 1'])
    expect(errors).toEqual([])
  })
})
