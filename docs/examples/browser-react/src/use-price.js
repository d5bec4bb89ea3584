import { fromEventSource } from '@rxsse/core'
import { useEffect, useState } from 'react'

/** The last price of a stream, and the state of its connection. */
export function usePrice(url) {
  const [price, setPrice] = useState()
  const [status, setStatus] = useState('not opened')
  useEffect(() => {
    const subscription = fromEventSource(url, {
      events: ['price'],
      timeouts: { idle: '90s' },
      state: { next: ({ status }) => setStatus(status) },
    }).subscribe({
      next({ type, data }) {
        // A sink's notices of a loss always come, and are no prices.
        if (type === 'price') setPrice(JSON.parse(data).price)
      },
      error: () => {}, // The state is `closed` then.
    })
    return () => subscription.unsubscribe()
  }, [url])
  return { price, status }
}
