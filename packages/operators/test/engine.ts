import { AggregateRow } from '../src/engine/aggregates/aggregate-row.ts'
import type { WindowEngine, WindowEngineOptions } from '../src/engine/window-engine.ts'
import { getAggregates } from '../src/window/aggregates.ts'

interface Count {
  readonly n: number
}

/** An engine that counts events, on a watermark that is set by hand. Results are `[key, start, end, n, pane, revision]`. */
export function counting(
  make: (options: WindowEngineOptions<string, Count>) => WindowEngine<string>,
  options: Partial<Pick<WindowEngineOptions<string, Count>, 'allowedLateness' | 'maxKeys' | 'early'>> = {},
) {
  const row = new AggregateRow<unknown, Count>({ n: getAggregates<unknown>().count() }, { atomic: false })
  const watermark = { value: Number.NEGATIVE_INFINITY }
  const results: unknown[] = []
  const engine = make({
    allowedLateness: 0,
    maxKeys: Number.POSITIVE_INFINITY,
    early: false,
    ...options,
    row,
    watermark,
    emit: ({ key, window, value, pane, revision }) =>
      results.push([key, window.start, window.end, value.n, pane, revision]),
    onFinal() {},
    isOver: () => false,
    onEvicted: undefined,
  })
  return {
    engine,
    add(key: string, timestamp: number) {
      row.read(undefined, timestamp)
      return engine.add(key, key, timestamp)
    },
    advance(to: number) {
      watermark.value = to
      engine.advance()
    },
    taken: () => results.splice(0),
  }
}
