import { identifyKey, type Key, type Primitive } from '../engine/keyed-state/key.ts'
import type { TimeWindow, WindowResult } from '../engine/window-engine.ts'

/** Equal exactly for results of the same key and part. */
export function identifyResult({ key, part = 0 }: WindowResult<unknown, unknown>): Primitive {
  // A window operator has identified the key already, so it is one.
  const id = identifyKey(key as Key)
  // No key is identified by a text that begins with NUL and a letter.
  return part === 0 ? id : `\0part ${part} ${typeof id} ${String(id)}`
}

/**
 * The results that stand, by window: of each key, window and part the one with the highest revision, without those that another
 * one has replaced.
 */
export class StandingResults<R extends WindowResult<unknown, unknown>> {
  readonly #windows = new Map<string, { readonly window: TimeWindow; readonly results: Map<Primitive, R> }>()

  /** The number of windows. */
  get size(): number {
    return this.#windows.size
  }

  /** Adds a result. Returns those that no longer stand: itself, if a later one came first. */
  add(result: R): readonly R[] {
    const id = identifyResult(result)
    const name = nameWindow(result.window)
    const gone = (result.replaces ?? []).flatMap((window) => this.#delete(nameWindow(window), id))
    let entry = this.#windows.get(name)
    if (entry === undefined) {
      entry = { window: result.window, results: new Map() }
      this.#windows.set(name, entry)
    }
    const earlier = entry.results.get(id)
    if (earlier !== undefined && earlier.revision > result.revision) return [...gone, result]
    entry.results.set(id, result)
    return earlier === undefined ? gone : [...gone, earlier]
  }

  /** Deletes the results of all but the newest windows. Returns them. */
  retain(windows: number): readonly R[] {
    if (this.#windows.size <= windows) return []
    return this.#sorted()
      .slice(0, -windows)
      .flatMap(({ window, results }) => {
        this.#windows.delete(nameWindow(window))
        return [...results.values()]
      })
  }

  /** By the end of their window, then its start, then the order in which their keys came. */
  list(): readonly R[] {
    return this.#sorted().flatMap(({ results }) => [...results.values()])
  }

  #sorted() {
    return [...this.#windows.values()].sort(
      (a, b) => a.window.end - b.window.end || a.window.start - b.window.start,
    )
  }

  #delete(name: string, id: Primitive): readonly R[] {
    const entry = this.#windows.get(name)
    const result = entry?.results.get(id)
    if (entry === undefined || result === undefined) return []
    entry.results.delete(id)
    if (entry.results.size === 0) this.#windows.delete(name)
    return [result]
  }
}

function nameWindow({ start, end }: TimeWindow): string {
  return `${start} ${end}`
}
