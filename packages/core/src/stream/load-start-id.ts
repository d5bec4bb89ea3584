import type { StartId } from './options.ts'

/** The ID that the caller wants to start from. */
export async function loadStartId(start: StartId | undefined): Promise<string | undefined> {
  if (typeof start === 'object') return start.load()
  return typeof start === 'function' ? start() : start
}
