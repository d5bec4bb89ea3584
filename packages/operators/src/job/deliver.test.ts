import type { SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { merge, mergeMap, range, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { createThenables } from '../../test/thenable.ts'
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

describe('a deliver', () => {
  it.each(['at-once', 'when-saved'] as const)(
    'takes as long for each result, however many there are of an event (%s)',
    async (when) => {
      const clock = new VirtualClock()
      const job = createJob({ store: memoryStore(), every: 100, scheduler: clock })
      const source = new Subject<SseEvent>()
      const results = 150_000
      let delivered = 0
      job
        .feed('numbers', () => source)
        .pipe(
          mergeMap(() => range(0, results)),
          job.deliver(() => void delivered++, { when }),
        )
        .subscribe()
      await turn()
      source.next(event('1'))
      while (delivered < results) {
        clock.advanceTo(clock.now() + 100)
        await turn()
      }
      expect(delivered).toBe(results)
    },
    // Quadratic time would be longer.
    15_000,
  )

  it('has one answer for each result, also of a thenable that settles twice', async () => {
    const { settle, create } = createThenables<string>()
    const job = createJob({ store: memoryStore() })
    const source = new Subject<SseEvent>()
    const delivered: unknown[] = []
    job
      .feed('numbers', () => source)
      .pipe(job.deliver(create))
      .subscribe((result) => delivered.push(result))
    await turn()
    for (const id of ['1', '2', '3']) source.next(event(id))
    await turn()
    for (const value of ['a', 'b']) settle[0]?.(value)
    await turn()
    expect(delivered).toEqual(['a'])
    // The second one is being delivered, and the third one waits.
    expect(settle).toHaveLength(2)
  })
})
