import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromEventSource } from '@rxsse/core'
import { completeOn, data, decodeJson } from '@rxsse/operators'
import { readJson, streamTo } from '@rxsse/server'

// Stands for a language model. It stops if the client leaves.
async function* answer(prompt: string) {
  for (const token of `You said: ${prompt}`.split(' ')) {
    await sleep(50)
    yield { data: { token } }
  }
  yield { data: '[DONE]' }
}

// An answer for each POST, token by token.
const chat = streamTo(
  async (request) => {
    const { prompt } = (await readJson(request)) as { prompt: string }
    return answer(prompt)
  },
  { methods: ['POST'] },
)
createServer(chat.handler).listen(8080)

// The client. An end before [DONE] is an error, so half an answer never
// looks complete.
fromEventSource('http://localhost:8080', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ prompt: 'Hello from rxsse' }),
  reconnect: false,
  until: ({ data }) => data === '[DONE]',
})
  .pipe(completeOn('[DONE]'), decodeJson<{ token: string }>(), data())
  .subscribe({
    next: ({ token }) => console.log(token),
    complete: () => console.log('the answer is complete'),
  })
