/**
 * Runs `work` after the events that are ready now, if the runtime can tell. What they publish then
 * goes out in one write.
 */
export function runAtEndOfTick(work: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(work)
  else setTimeout(work, 0)
}
