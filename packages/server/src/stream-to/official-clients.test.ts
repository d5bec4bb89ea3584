import { setTimeout as sleep } from 'node:timers/promises'
import Anthropic from '@anthropic-ai/sdk'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { SseMessage } from '@rxsse/shared'
import OpenAI from 'openai'
import { concat, NEVER, of, Subject } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serve } from '../../test/serve.ts'
import { readJson } from '../http/read-json.ts'
import { readLastEventId } from '../http/request.ts'
import { RequestError } from '../sink/errors.ts'
import { reply } from './reply.ts'
import { type StreamOptions, streamTo } from './stream-to.ts'

type Project = Parameters<typeof streamTo<SseMessage>>[0]

async function serveProject(project: Project, options: StreamOptions = {}): Promise<string> {
  const methods = ['GET', 'POST', 'DELETE']
  const endpoint = streamTo(project, { methods, onError: () => {}, ...options })
  onTestFinished(() => endpoint.close())
  return serve(endpoint.handler)
}

describe('the client of OpenAI', () => {
  const chunk = (content: string) => ({ data: { choices: [{ index: 0, delta: { content } }] } })

  async function read(project: Project): Promise<{ text: string; error: unknown }> {
    const baseURL = await serveProject(project)
    const client = new OpenAI({ baseURL, apiKey: 'k', maxRetries: 0 })
    let text = ''
    try {
      const messages = [{ role: 'user', content: 'hi' }] as const
      const stream = await client.chat.completions.create({
        model: 'm',
        messages: [...messages],
        stream: true,
      })
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    } catch (error) {
      return { text, error }
    }
    return { text, error: undefined }
  }

  it('reads a stream, although it accepts JSON alone', async () => {
    const { text, error } = await read(({ headers }) => {
      expect(headers.get('accept')).toBe('application/json')
      return of(chunk('Hel'), chunk('lo'), { data: '[DONE]' })
    })
    expect([text, error]).toEqual(['Hello', undefined])
  })

  it('notices an answer that was cut', async () => {
    const source = new Subject<SseMessage>()
    const reading = read(() => source)
    await expect.poll(() => source.observed).toBe(true)
    source.next(chunk('Hel'))
    await sleep(20)
    source.error(new Error('broken'))
    const { text, error } = await reading
    expect(text).toBe('Hel')
    expect(error).toBeInstanceOf(Error)
  })

  it('gets the status of an error', async () => {
    const { error } = await read(() => {
      throw new RequestError(429, 'slow down')
    })
    expect(error).toMatchObject({ status: 429 })
  })
})

describe('the client of Anthropic', () => {
  it('reads a stream', async () => {
    const events = [
      { type: 'message_start', message: { id: 'm', role: 'assistant', content: [], usage: {} } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_stop' },
    ]
    const baseURL = await serveProject(() => of(...events.map((data) => ({ type: data.type, data }))))
    const client = new Anthropic({ baseURL, apiKey: 'k', maxRetries: 0 })
    const stream = await client.messages.create({
      model: 'm',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    })
    let text = ''
    for await (const event of stream) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
    }
    expect(text).toBe('Hello')
  })
})

describe('the client of the Model Context Protocol', () => {
  interface Rpc {
    readonly id?: number
    readonly method: string
    readonly params?: { readonly protocolVersion?: string; readonly name?: string }
  }

  /** A server with one tool, whose answer comes in two connections: the first is cut. */
  function createProject(seen: string[]): Project {
    let interrupted: unknown
    return async (request) => {
      const session = request.headers.get('mcp-session-id')
      if (request.method === 'DELETE') {
        seen.push('DELETE')
        return reply(undefined, { status: 200 })
      }
      if (request.method === 'GET') {
        const after = readLastEventId(request)
        seen.push(`GET ${after}`)
        return after === 'call-1' ? of({ id: 'call-2', data: interrupted }) : NEVER
      }
      const message = (await readJson(request)) as Rpc
      seen.push(message.method)
      if (message.method === 'initialize') {
        const result = {
          protocolVersion: message.params?.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'test', version: '1' },
        }
        const headers = { 'mcp-session-id': 's-1' }
        return reply<SseMessage>(of({ data: { jsonrpc: '2.0', id: message.id, result } }), { headers })
      }
      if (session !== 's-1') throw new RequestError(404, 'no such session')
      if (message.id === undefined) return reply(undefined, { status: 202 })
      if (message.method === 'tools/list') {
        const tools = [{ name: 'add', inputSchema: { type: 'object' } }]
        return reply({ jsonrpc: '2.0', id: message.id, result: { tools } })
      }
      const result = { content: [{ type: 'text', text: '3' }] }
      interrupted = { jsonrpc: '2.0', id: message.id, result }
      const progress = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } }
      return concat(of({ id: 'call-1', retry: 10, data: progress }))
    }
  }

  it('initializes, notifies, lists, calls, resumes and ends its session', async () => {
    const seen: string[] = []
    const url = await serveProject(createProject(seen))
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      reconnectionOptions: {
        initialReconnectionDelay: 10,
        maxReconnectionDelay: 50,
        reconnectionDelayGrowFactor: 1,
        maxRetries: 5,
      },
    })
    const client = new Client({ name: 'test', version: '1' })
    // The types of the package are not those of exactOptionalPropertyTypes.
    await client.connect(transport as never)
    expect(transport.sessionId).toBe('s-1')
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add'])
    const { content } = await client.callTool({ name: 'add', arguments: {} })
    expect(content).toEqual([{ type: 'text', text: '3' }])
    await transport.terminateSession()
    await client.close()
    expect(seen.slice(0, 2)).toEqual(['initialize', 'notifications/initialized'])
    expect(seen).toContain('GET call-1')
    expect(seen.at(-1)).toBe('DELETE')
  })
})
