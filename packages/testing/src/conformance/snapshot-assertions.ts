import type { Snapshot } from '@rxsse/shared'

export function assertFallback(loaded: Snapshot | undefined, where: string): void {
  assertLaw(
    loaded?.number === 1,
    `${where}: it returns snapshot ${loaded?.number}, not the one before the damaged one`,
  )
  assertLaw(
    (loaded?.damaged?.length ?? 0) > 0,
    `${where}: it does not say that the newest snapshot is damaged`,
  )
  assertSame({ number: 1, chunks: loaded?.chunks ?? [] }, createSnapshot(1))
}

export function createSnapshot(number: number): Snapshot {
  return { number, chunks: [createBytes(11, number), createBytes(0, 0), createBytes(5, number + 1)] }
}

export function createBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 0xff)
}

export function flip(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => ~byte)
}

export function assertSame(found: Snapshot | undefined, expected: Snapshot): void {
  assertLaw(found !== undefined, `it has no snapshot, not ${expected.number}`)
  assertLaw(found?.number === expected.number, `it has snapshot ${found?.number}, not ${expected.number}`)
  assertLaw(!found?.damaged?.length, `it calls a snapshot damaged: ${found?.damaged?.join('; ')}`)
  const { chunks = [] } = found ?? {}
  assertLaw(
    chunks.length === expected.chunks.length,
    `it has ${chunks.length} chunks, not ${expected.chunks.length}`,
  )
  const differs = chunks.findIndex((chunk, i) => !isEqual(chunk, expected.chunks[i] as Uint8Array))
  assertLaw(differs === -1, `chunk ${differs} of snapshot ${expected.number} has other bytes`)
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

export async function assertRefused(
  call: unknown,
  code: string,
): Promise<Error & { readonly code?: string; readonly damaged?: readonly string[] }> {
  const error = await findError(call)
  assertLaw(error.code === code, `it rejects with ${error.code ?? error}, not '${code}'`)
  return error
}

export async function assertRejects(call: unknown, message: RegExp): Promise<void> {
  const error = await findError(call)
  assertLaw(message.test(error.message), `it rejects with ${error.message}`)
}

async function findError(call: unknown): Promise<Error & { readonly code?: string }> {
  try {
    await call
  } catch (error) {
    return error as Error
  }
  throw new Error('it does not refuse the call')
}

export function assertLaw(holds: boolean, violation: string): asserts holds {
  if (!holds) throw new Error(violation)
}
