import type { StartId } from './options.ts'

/** The ID that the caller wants to start from. */
export async function loadStartId(start: StartId | undefined): Promise<string | undefined> {
  const id = await (typeof start === 'object' ? start?.load() : typeof start === 'function' ? start() : start)
  // Storages answer null for nothing, and databases may answer numbers.
  return id == null ? undefined : String(id)
}
