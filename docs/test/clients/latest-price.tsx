import { useEventSource, useLatest } from './use-event-source.ts'

export function LatestPrice({ url }: { url: string }) {
  const price = useLatest<{ value: number }>(url, {
    events: ['price'],
    timeouts: { idle: '90s' },
  })
  return <p id="price">{price?.value ?? 'waiting'}</p>
}

export function Connection({ url }: { url: string }) {
  const state = useEventSource(url, ({ data }) => console.log(data), {
    timeouts: { idle: '90s' },
  })
  return <p id="state">{state?.status ?? 'not connected'}</p>
}
