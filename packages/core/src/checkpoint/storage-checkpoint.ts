/** A `Storage`, such as `localStorage`. */
export interface StorageLike {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** A synchronous {@link Checkpoint}. */
export interface StorageCheckpoint {
  load(): string | undefined
  save(id: string): void
}

/** Keeps the last event ID in a `Storage`, under `key`. `save` throws what the storage throws, for example when it is full. */
export function storageCheckpoint(storage: StorageLike, key: string): StorageCheckpoint {
  return {
    load: () => storage.getItem(key) ?? undefined,
    save: (id) => storage.setItem(key, id),
  }
}
