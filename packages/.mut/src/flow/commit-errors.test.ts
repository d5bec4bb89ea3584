import { type Observable, of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import type { SseEvent } from '../index.ts'
import { createStage } from '../stage/create-stage.ts'
import { commit } from './commit.ts'
import { processWith } from './process-with.ts'

function recorder() {
  const saved: string[] = []
  return { saved, save: (id: string) => void saved.push(id) }
}

describe('commit that would save too far, or never', () => {
  const used = createStage('used')
  const unused = createStage('unused')
  const errorOf = (stream: Observable<unknown>) => {
    const errors: string[] = []
    stream.subscribe({ error: (error) => errors.push(error.message) })
    return errors
  }
  const missing =
    'commit: no operator above that can tell how far it is uses the stage "unused" that commit waits for'

  it('errors if no operator above uses its stage', () => {
    const source = new Subject<SseEvent>()
    const work = processWith<SseEvent, never>(() => [], { stage: used })
    expect(errorOf(source.pipe(work, commit(recorder(), { after: unused })))).toEqual([missing])
    expect(source.observed).toBe(false)
    const synchronous = of(event('', 'x', '1')).pipe(commit(recorder(), { after: unused }))
    expect(errorOf(synchronous)).toEqual([missing])
  })

  it('errors if its stage is used below it, or by a stream that already runs', () => {
    const source = new Subject<SseEvent>()
    const work = processWith<SseEvent, never>(() => [], { stage: used })
    const message =
      'commit: processWith already uses the stage "used". Put commit below it, and create a stage for each subscription'
    expect(errorOf(source.pipe(commit(recorder(), { after: used }), work))).toEqual([message])
    const running = source.pipe(work).subscribe()
    expect(errorOf(source.pipe(commit(recorder(), { after: used })))).toEqual([message])
    running.unsubscribe()
  })

  it('errors if another commit follows its stage', () => {
    const stream = new Subject<SseEvent>().pipe(
      processWith<SseEvent, never>(() => [], { stage: used }),
      commit(recorder(), { after: used }),
      commit(recorder(), { after: used }),
    )
    expect(errorOf(stream)).toEqual(['commit: another commit follows the stage "used"'])
    // After that error both are free again.
    const source = of(event('', 'x', '1'))
    const checkpoint = recorder()
    source
      .pipe(
        processWith(() => of(1), { stage: used }),
        commit(checkpoint, { after: used }),
      )
      .subscribe()
    expect(checkpoint.saved).toEqual(['1'])
  })

  it('errors if its events have no ID, and says what to do', () => {
    expect(errorOf(of(5).pipe(commit(recorder())))).toEqual([
      'commit needs events with a lastEventId, not the number 5. Pass the stage of the operator above that changes them, or of the first of several, as `after`',
    ])
    const stream = of(5).pipe(
      processWith(() => of(1), { stage: used }),
      commit(recorder(), { after: used }),
    )
    expect(errorOf(stream)[0]).toMatch(/^commit needs events with a lastEventId/)
  })

  it('refuses a checkpoint without save, and a stage that is none', () => {
    // @ts-expect-error there is no save
    expect(() => commit({})).toThrow(
      new TypeError('commit: checkpoint must be an object with save(id), not an object with no keys'),
    )
    // @ts-expect-error not a stage
    expect(() => commit(recorder(), { after: {} })).toThrow(
      new TypeError('commit: after must be a stage made by createStage(), not an object with no keys'),
    )
  })
})
