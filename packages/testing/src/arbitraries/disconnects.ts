import fc from 'fast-check'
import type { Disconnect } from '../servers/resuming-feed/resuming-feed.ts'

/** Constraints of {@link disconnectSchedule}. */
export interface DisconnectConstraints {
  /** The most losses. Default 10. */
  readonly maxLength?: number
  /** The kinds of losses. Default all. Omit `SILENCE` for a client without an idle timeout. */
  readonly by?: readonly Disconnect['by'][]
  /** The highest byte of a body at which a connection is lost. Default 400. */
  readonly maxBodyBytes?: number
}

/** Schedules of losses for `createResumingFeed`: before the head, within it, and at any byte of the body. */
export function disconnectSchedule({
  maxLength = 10,
  by = ['END', 'FIN', 'RST', 'SILENCE'],
  maxBodyBytes = 400,
}: DisconnectConstraints = {}): fc.Arbitrary<Disconnect[]> {
  const kind = fc.constantFrom(...by)
  return fc.array(
    fc.oneof(
      {
        weight: 1,
        arbitrary: fc.record({ part: fc.constant('head' as const), bytes: fc.nat(120), by: kind }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ part: fc.constant('body' as const), bytes: fc.nat(maxBodyBytes), by: kind }),
      },
    ),
    { maxLength },
  )
}
