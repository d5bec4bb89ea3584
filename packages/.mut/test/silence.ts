import type { OperatorFunction } from 'rxjs'
import { type ScanByKeyOptions, scanByKey } from '../src/keyed/scan-by-key.ts'

export interface Reading {
  readonly sensor: string
  readonly time: number
}

export const reading = (sensor: string, time: number): Reading => ({ sensor, time })

/** Tells each sensor that has been silent for 10 ms of event time. */
export function silence(
  options: Partial<ScanByKeyOptions<Reading, 'live' | 'silent', string, string>> = {},
  timeout = 10,
): OperatorFunction<Reading, string> {
  return scanByKey<Reading, 'live' | 'silent', string, string>(
    {
      key: (r) => r.sensor,
      timestamp: (r) => r.time,
      seed: () => 'live',
      onTimer: () => 'silent',
      project: (state, { key, time, cause }) =>
        state === 'silent' ? `${key} ${time}${cause === 'completion' ? ' at the end' : ''}` : undefined,
      ...options,
    },
    (_, __, { setTimer, time }) => {
      setTimer(time + timeout)
      return 'live'
    },
  )
}
