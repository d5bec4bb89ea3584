import type { Snapshot } from '@rxsse/shared'

/** A snapshot whose bytes follow from its number: one large chunk and some small ones. */
export function createTestSnapshot(number: number, bytes = 20_000): Snapshot {
  const sizes = [bytes, 1, 0, 500]
  return { number, chunks: sizes.map((size, n) => new Uint8Array(size).fill(number * 7 + n)) }
}

/** What is wrong with a snapshot, or undefined. */
export function findFault({ number, chunks }: Snapshot, bytes?: number): string | undefined {
  const expected = createTestSnapshot(number, bytes).chunks
  if (chunks.length !== expected.length) return `snapshot ${number} has ${chunks.length} chunks`
  const wrong = chunks.findIndex((chunk, n) => Buffer.compare(chunk, expected[n] as Uint8Array) !== 0)
  return wrong === -1 ? undefined : `chunk ${wrong} of snapshot ${number} is wrong`
}
