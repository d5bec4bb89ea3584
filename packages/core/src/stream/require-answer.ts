/** What a callback has answered. Throws if that is a promise, which would count as true whatever it holds. */
export function requireAnswer<T>(answer: T, option: string): T {
  if (typeof (answer as { readonly then?: unknown } | undefined)?.then !== 'function') return answer
  // Told here, so that its rejection is not told again.
  Promise.resolve(answer).catch(() => {})
  throw new TypeError(`${option} must answer at once, not with a promise`)
}
