import type { Frame } from '../wire/frame.ts'

/** The far end of one response body: how a transport carries frames. No method throws. */
export interface ResponseWriter {
  /** Hands over a frame. False says that the far end is behind; `drained` follows when it has caught up. */
  write(frame: Frame): boolean
  /** Ends the body properly, after what was written. */
  end(): void
  /** Drops the transport at once, with whatever it still holds. */
  destroy(): void
}

/** Whom a writer tells. Each call may come at any time but while the writer is being made. */
export interface ResponseWriterEvents {
  drained(): void
  closed(): void
}
