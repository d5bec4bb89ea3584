import {
  type ConnectionState,
  type EventSourceOptions,
  fromEventSource,
  type SseEvent,
} from '@rxsse/core'
import { useEffect, useRef, useState } from 'react'

/**
 * Reads a stream while the component is mounted. Another `url` opens another
 * stream, and `undefined` opens none. Returns the state of the connection.
 */
export function useEventSource(
  url: string | undefined,
  onEvent: (event: SseEvent) => void,
  options: EventSourceOptions = {},
): ConnectionState | undefined {
  const [state, setState] = useState<ConnectionState>()
  // The newest functions, without another connection for each render.
  const latest = useRef({ onEvent, options })
  useEffect(() => {
    latest.current = { onEvent, options }
  })
  useEffect(() => {
    if (url === undefined) return
    const subscription = fromEventSource(url, {
      ...latest.current.options,
      state: { next: setState },
    }).subscribe({
      next: (event) => latest.current.onEvent(event),
      error: () => {}, // `state` is `closed` and has the error.
    })
    return () => {
      subscription.unsubscribe()
      setState(undefined)
    }
  }, [url])
  return state
}

/** The data of the newest event of a stream, as JSON. */
export function useLatest<T>(
  url: string | undefined,
  options?: EventSourceOptions,
): T | undefined {
  const [latest, setLatest] = useState<{ url: string | undefined; value: T }>()
  useEventSource(
    url,
    ({ type, data }) => {
      // A sink's notices of a loss always come, and are no values.
      if (type === 'gap' || type === 'lagged') return
      setLatest({ url, value: JSON.parse(data) })
    },
    options,
  )
  // A value of the previous URL is not one of this.
  return latest?.url === url ? latest?.value : undefined
}
