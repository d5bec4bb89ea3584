import fc from 'fast-check'
import type { Disconnect } from '../feed/resuming-feed.ts'

/** Constraints of {@link disconnectSchedule}. */
export interface DisconnectConstraints {
  /** Losses at most. Default 10. */
  readonly maxLength?: number
  /** How connections may be lost. Default all; leave out `SILENCE` for a client without an idle timeout. */
  readonly by?: readonly Disconnect['by'][]
  /** The furthest byte of a body at which one is lost. Default 400. */
  readonly maxBodyBytes?: number
}

/** Schedules of lost connections for `createResumingFeed`: before the head, within it, and at any byte of the body. */
export function disconnectSchedule({
  maxLength = 10,
  by = ['END', 'FIN', 'RST', 'SILENCE'],
  maxBodyBytes = 400,
}: DisconnectConstraints = {}): fc.Arbitrary<Disconnect[]> {
  const how = fc.constantFrom(...by)
  return fc.array(
    fc.oneof(
      {
        weight: 1,
        arbitrary: fc.record({ part: fc.constant('head' as const), bytes: fc.nat(120), by: how }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ part: fc.constant('body' as const), bytes: fc.nat(maxBodyBytes), by: how }),
      },
    ),
    { maxLength },
  )
}
