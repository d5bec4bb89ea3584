import * as core from '../src/index.ts'

/** The transports of this runtime's entry, by name: Bun and Deno have no undici. */
export const transports: readonly (readonly [name: string, transport: core.Transport])[] = [
  ...('undiciTransport' in core ? [['undici', core.undiciTransport()] as const] : []),
  ['fetch', core.fetchTransport()],
]
