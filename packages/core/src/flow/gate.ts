/** Holds a stream back. While the gate is shut, the socket is not read, so that TCP slows the server down. */
export interface Gate {
  /** Whether the gate is shut now. */
  readonly shut: boolean
  /** Emits `shut` each time it changes. */
  readonly changes: { subscribe(next: (shut: boolean) => void): { unsubscribe(): void } }
}
