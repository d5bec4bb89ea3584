import http from 'node:http'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createScriptedServer, type Framing } from '../../index.ts'

/** Reads a response with node:http: its body, and whether it was complete. */
async function read(url: string): Promise<{ body: Buffer; complete: boolean }> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
    http.get(url, { agent: false }, resolve).on('error', reject),
  )
  const pieces: Buffer[] = []
  response.on('data', (piece: Buffer) => pieces.push(piece))
  response.on('error', () => {})
  await new Promise((resolve) => response.on('close', resolve))
  return { body: Buffer.concat(pieces), complete: response.complete }
}

const pieces = fc.array(
  fc.oneof(fc.uint8Array({ maxLength: 300, size: 'max' }), fc.constant(new Uint8Array(70_000).fill(7))),
  {
    maxLength: 6,
  },
)

it('an HTTP client reads the bytes of the steps with every framing, and distinguishes a cut from an end', async () => {
  await fc.assert(
    fc.asyncProperty(
      pieces,
      fc.constantFrom<Framing>('chunked', 'length', 'close'),
      fc.constantFrom('END', 'CUT'),
      async (steps, framing, ending) => {
        const server = await createScriptedServer([{ status: 200, framing, body: [...steps, ending] }])
        try {
          const { body, complete } = await read(server.url)
          expect(body.equals(Buffer.concat(steps))).toBe(true)
          // A body that ends with the connection looks complete wherever it is cut.
          expect(complete).toBe(ending === 'END' || framing === 'close')
          const { bytesSent } = await server.ended(0)
          expect(bytesSent).toBeGreaterThanOrEqual(body.length)
        } finally {
          await server.close()
        }
      },
    ),
    { numRuns: 200 },
  )
})
