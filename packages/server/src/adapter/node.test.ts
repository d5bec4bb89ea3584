import { describe, expect, it } from 'vitest'
import { createSink } from '../sink/sink.ts'
import type { NodeHandler } from './node.ts'

describe('handler', () => {
  it.each([
    ['nothing', undefined],
    ["Next's context", { params: {} }],
    ["Hono's next", () => {}],
    ['text', 'ok'],
  ])('names the right method if it gets a Fetch Request and %s', (_, second) => {
    const handler = createSink().handler as (...all: readonly unknown[]) => ReturnType<NodeHandler>
    expect(() => handler(new Request('http://a.example/'), second)).toThrow(
      /^handler takes node:http's request and response.*; for a Fetch Request, use the method fetch$/,
    )
  })
})
