import { expect } from 'vitest'
import type { WindowResult } from '../src/engine/window-engine.ts'

/** The protocol, written as a reader of the results would: the newest result of each identity, without what was replaced. */
export function foldResults<R extends WindowResult<string, unknown>>(results: readonly R[]): R[] {
  const standing = new Map<string, R>()
  const name = (key: string, window: R['window'], part = 0) => `${key} ${window.start} ${window.end} ${part}`
  for (const result of results) {
    for (const window of result.replaces ?? []) standing.delete(name(result.key, window, result.part))
    const id = name(result.key, result.window, result.part)
    const before = standing.get(id)
    if (before !== undefined) expect(result.revision).toBeGreaterThan(before.revision)
    standing.set(id, result)
  }
  return [...standing.values()]
}
