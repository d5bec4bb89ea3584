/** What a callback has answered. Throws if that is a promise, which would count as true whatever it holds. */
export function requireAnswer<T>(answer: T, option: string): T {
  const promise = answer as PromiseLike<unknown> | undefined
  if (typeof promise?.then !== 'function') return answer
  // Told here, so that its rejection is not told again.
  promise.then(undefined, () => {})
  throw new TypeError(`${option} must answer at once, not with a promise`)
}
