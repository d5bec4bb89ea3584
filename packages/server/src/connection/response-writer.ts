import type { Frame } from '../wire/frame.ts'

/** Writes one response body through a transport. No method throws. */
export interface ResponseWriter {
  /** Returns false if the client is behind. `drained` follows when it has caught up. */
  write(frame: Frame): boolean
  /** Ends the body after everything written. */
  end(): void
  /** Cuts the body after everything written: the client sees that it is not complete. */
  cut(): void
  /** Drops the transport at once, and what it still holds. */
  destroy(): void
}

/** The events of a writer. None comes before the writer is created. */
export interface ResponseWriterEvents {
  drained(): void
  closed(): void
}
