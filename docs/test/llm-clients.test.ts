import { fileURLToPath } from 'node:url'
import Anthropic from '@anthropic-ai/sdk'
import { createScriptedServer } from '@rxsse/testing'
import OpenAI from 'openai'
import { expect, it, onTestFinished } from 'vitest'
import { createFeed } from './feed.ts'
import { readPage } from './read-page.ts'

// The page reads these feeds with rxsse, and prints the same. So they have the wire formats of the providers' own clients.
const page = readPage(fileURLToPath(new URL('../..', import.meta.url)), 'docs/guide/llm-and-mcp.md')

async function serveFeed(url: string): Promise<string> {
  const feed = page.feeds.find((one) => one.url === url)
  if (feed === undefined) throw new Error(`${page.path} has no feed of ${url}`)
  const answer = createFeed(feed)
  const server = await createScriptedServer((request) => answer(request, Promise.resolve()))
  onTestFinished(() => server.close())
  return server.url
}

it('the client of OpenAI reads the answer of the page, again and again', async () => {
  const baseURL = await serveFeed('https://api.openai.com/v1/chat/completions')
  const client = new OpenAI({ baseURL, apiKey: 'key', maxRetries: 0 })
  for (let round = 0; round < 2; round++) {
    let text = ''
    const stream = await client.chat.completions.create({
      model: 'gpt-5',
      stream: true,
      messages: [{ role: 'user', content: 'What are SSE?' }],
    })
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    expect(text).toBe('Server-sent events.')
  }
})

it('the client of Anthropic puts the message of the page together, again and again', async () => {
  const baseURL = await serveFeed('https://api.anthropic.com/v1/messages')
  const client = new Anthropic({ baseURL, apiKey: 'key', maxRetries: 0 })
  for (let round = 0; round < 2; round++) {
    const stream = client.messages.stream({
      model: 'claude-sonnet-5-5',
      max_tokens: 1024,
      messages: [{ role: 'user', content: 'How is the weather in Berlin?' }],
    })
    const { content, stop_reason } = await stream.finalMessage()
    expect(content).toMatchObject([
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', name: 'weather', input: { city: 'Berlin' } },
    ])
    expect(stop_reason).toBe('tool_use')
  }
})
