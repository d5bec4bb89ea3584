import { fromEventSource } from '@rxsse/core'
import { useEffect, useRef, useState } from 'react'
import type { Subscription } from 'rxjs'

type Status = 'empty' | 'streaming' | 'complete' | 'stopped' | 'failed'

export function Answer({ url }: { url: string }) {
  const [text, setText] = useState('')
  const [status, setStatus] = useState<Status>('empty')
  const answer = useRef<Subscription>(undefined)

  // Leaving the page stops the answer.
  useEffect(() => () => answer.current?.unsubscribe(), [])

  function ask(question: string) {
    answer.current?.unsubscribe()
    setText('')
    setStatus('streaming')
    answer.current = fromEventSource(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ question }),
      // An end without this event is the error `incomplete`.
      until: ({ type }) => type === 'done',
      timeouts: { idle: '90s' },
    }).subscribe({
      next: ({ type, data }) => {
        if (type !== 'delta') return
        const delta: { text: string } = JSON.parse(data)
        setText((before) => before + delta.text)
      },
      complete: () => setStatus('complete'),
      error: () => setStatus('failed'),
    })
  }

  // After `unsubscribe`, neither `complete` nor `error` is called.
  function stop() {
    answer.current?.unsubscribe()
    setStatus('stopped')
  }

  return (
    <section id="answer">
      {status === 'streaming' ? (
        <button type="button" onClick={stop}>
          Stop
        </button>
      ) : (
        <button type="button" onClick={() => ask('What are SSE?')}>
          Ask
        </button>
      )}
      <p>{text}</p>
      <output>{status}</output>
    </section>
  )
}
