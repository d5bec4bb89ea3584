import { fromEventSource } from '@rxsse/core'
import { watchSource } from '@rxsse/inspector'
import type { Sink } from '@rxsse/server'
import { merge, share, tap } from 'rxjs'
import { createAnySourcePipeline } from '../pipeline/any-source-pipeline.ts'
import { type RunningPipeline, SOURCE_OPTIONS } from './running-pipeline.ts'
import { createStatusReport } from './status.ts'

export interface AnySourceOptions {
  readonly url: string
  readonly by: string | undefined
  readonly sink: Sink
}

/** Runs the pipeline of `--source`. It is no job, because not every source can send its events again. */
export function runAnySource({ url, by, sink }: AnySourceOptions): RunningPipeline {
  const report = createStatusReport(sink, { source: url, replay: false }, () => undefined)
  const watched = watchSource({ state: report.upstream })
  let received = 0
  let out = 0
  const events = fromEventSource(url, { ...watched, ...SOURCE_OPTIONS }).pipe(
    tap(() => report.add({ in: ++received })),
    share(),
  )
  const { results, stages } = createAnySourcePipeline(events, by)
  const subscription = merge(
    report.ticks,
    results.pipe(
      tap(() => report.add({ out: ++out })),
      tap(sink),
    ),
  ).subscribe()
  return {
    inspected: { sources: { source: watched }, pipelines: stages },
    close: () => subscription.unsubscribe(),
  }
}
