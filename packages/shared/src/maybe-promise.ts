/** A value or a promise of it. A function that may answer synchronously or asynchronously returns this. */
export type MaybePromise<T> = T | Promise<T>

/** Whether a value must be awaited. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
