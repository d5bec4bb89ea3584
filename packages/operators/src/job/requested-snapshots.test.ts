import type { Lease, Snapshot, SnapshotStore } from '@rxsse/shared'
import { NEVER, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event, startJob } from '../../test/driven-job.ts'
import { createThenables } from '../../test/thenable.ts'
import { turn } from '../../test/turn.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { memoryStore } from '../store/memory-store.ts'
import { createJob } from './create-job.ts'

/** A store whose `load` resolves when the test says so. */
function createSlowStore(last: Snapshot | undefined) {
  let answer = () => {}
  const saved: Snapshot[] = []
  const store: SnapshotStore = {
    load: () =>
      new Promise<Snapshot | undefined>((resolve) => {
        answer = () => resolve(last)
      }),
    save: (snapshot) => void saved.push(snapshot),
  }
  return { store, saved, answer: () => answer() }
}

describe('a snapshot that is requested', () => {
  it('while the last one is being restored, is taken after that', async () => {
    const kept = memoryStore()
    const first = startJob({ store: kept })
    await turn()
    for (const id of ['1', '2', '3']) first.source.next(event(id))
    first.clock.advanceTo(100)
    first.subscription.unsubscribe()

    const { store, saved, answer } = createSlowStore(await kept.load())
    const second = startJob({ store })
    await turn()
    const requested = second.job.snapshot()
    second.clock.advanceTo(500)
    expect(saved).toEqual([])
    expect(second.status().phase).toBe('restoring')
    answer()
    await turn()
    second.clock.advanceTo(501)
    expect(await requested).toMatchObject({ number: 2 })

    const third = startJob({ store: { load: () => saved[0], save() {} } })
    await turn()
    expect(third.seen.from).toBe('3')
    third.source.next(event('4'))
    expect(third.seen.ids).toEqual(['numbers|4#0 3-4'])
  })

  it('while the job stands by, is taken when it has the right to run', async () => {
    const saved: number[] = []
    let grant = (_: Lease) => {}
    const granted = new Promise<Lease>((resolve) => {
      grant = resolve
    })
    const { job, clock, status } = startJob({
      store: {
        load: () => undefined,
        save: ({ number }) => void saved.push(number),
        acquire: () => ({ granted, cancel() {} }),
      },
    })
    await turn()
    const requested = job.snapshot()
    clock.advanceTo(500)
    expect(saved).toEqual([])
    expect(status().phase).toBe('standing-by')
    grant({ onLost() {}, release() {} })
    await turn()
    clock.advanceTo(501)
    expect(await requested).toMatchObject({ number: 1 })
  })

  it('is refused with the reason if the job has failed or ends before, and every stream of it errors', async () => {
    const job = createJob({
      store: {
        load() {
          throw new Error('no disk')
        },
        save() {},
      },
    })
    const source = new Subject<string>()
    const errors: unknown[] = []
    const subscription = source
      .pipe(dedupe({ key: (text) => text, stage: job.stage('seen') }))
      .subscribe({ error: (error) => errors.push(error) })
    const early = job.snapshot()
    early.catch(() => {})
    await turn()
    await expect(early).rejects.toThrow('no disk')
    expect(errors).toEqual([new Error('no disk')])
    expect(subscription.closed).toBe(true)

    const waiting = createJob({ store: createSlowStore(undefined).store })
    const ended = waiting.feed('numbers', () => NEVER).subscribe()
    const late = waiting.snapshot()
    ended.unsubscribe()
    await expect(late).rejects.toThrow('every stream of the job has ended')
  })
})

describe('a snapshot that is being saved', () => {
  it('has one answer, also of a thenable that settles twice, so that one is saved at a time', async () => {
    const { settle, create } = createThenables<void>()
    const { source, clock, status } = startJob({ store: { load: () => undefined, save: create } })
    await turn()
    source.next(event('1'))
    clock.advanceTo(100)
    await turn()
    settle[0]?.()
    await turn()
    source.next(event('2'))
    clock.advanceTo(200)
    await turn()
    settle[0]?.()
    await turn()
    source.next(event('3'))
    clock.advanceTo(300)
    await turn()
    expect(settle).toHaveLength(2)
    expect(status()).toMatchObject({ phase: 'snapshotting', saved: { number: 1 } })
  })
})
