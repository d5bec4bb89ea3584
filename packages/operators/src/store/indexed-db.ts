// The part of the IndexedDB interface that the store uses. The types of the DOM would let every module use a browser's globals.

export interface IndexedDb {
  open(name: string, version: number): IdbOpenRequest
}

export interface IdbRequest<T> extends EventTarget {
  readonly result: T
  readonly error: Error | null
}

export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: (() => void) | null
}

export interface IdbDatabase {
  createObjectStore(name: string, options?: { readonly keyPath: string }): unknown
  transaction(
    names: readonly string[],
    mode: 'readonly' | 'readwrite',
    options?: { readonly durability: 'strict' | 'relaxed' },
  ): IdbTransaction
  close(): void
  onversionchange: (() => void) | null
}

export interface IdbTransaction extends EventTarget {
  objectStore(name: string): IdbObjectStore
  readonly error: Error | null
}

export interface IdbObjectStore {
  get(key: IdbKey): IdbRequest<unknown>
  getAll(range?: unknown): IdbRequest<unknown[]>
  getAllKeys(): IdbRequest<IdbKey[]>
  put(value: unknown, key?: IdbKey): unknown
  delete(key: IdbKey): unknown
}

export type IdbKey = string | number | readonly IdbKey[]

/** Resolves when the request has succeeded. Rejects with its error. */
export function completeRequest<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error))
  })
}

/** Resolves when the transaction is committed. Rejects with the error that ended it. */
export function completeTransaction(transaction: IdbTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', () => reject(transaction.error ?? createAbortError()))
  })
}

/** What the browser has aborted by itself, as with its connection, has no error of its own. */
function createAbortError(): Error {
  return Object.assign(new Error('the transaction was aborted'), { name: 'AbortError' })
}
