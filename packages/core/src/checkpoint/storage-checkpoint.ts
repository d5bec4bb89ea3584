/** A `Storage`, such as `localStorage`. */
export interface StorageLike {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** A {@link Checkpoint} that is there and then. */
export interface StorageCheckpoint {
  load(): string | undefined
  save(id: string): void
}

/** Keeps the last event ID in a `Storage`, under `key`. What the storage throws, as when it is full, `save` throws. */
export function storageCheckpoint(storage: StorageLike, key: string): StorageCheckpoint {
  return {
    load: () => storage.getItem(key) ?? undefined,
    save: (id) => storage.setItem(key, id),
  }
}
