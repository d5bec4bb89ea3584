/**
 * Runs `work` after the events that are ready now, if the runtime can tell. What they publish then
 * goes out in one write.
 */
export function runAtEndOfTick(work: () => void): void {
  platformImmediate(work)
}

/** The platform's own: a test that fakes timers stops the time, and bytes take none. */
const platformImmediate: (work: () => void) => unknown =
  typeof setImmediate === 'function' ? setImmediate : (work) => setTimeout(work, 0)
