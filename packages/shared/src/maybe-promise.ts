/** A value or a promise of it. A function that may answer synchronously or asynchronously returns this. */
export type MaybePromise<T> = T | Promise<T>
