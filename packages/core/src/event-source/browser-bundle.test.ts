import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bundle } from '../../test/bundle.ts'

const external = ['rxjs']

it('in a browser, the class imports only rxjs, and adds at most 2 KiB to `fromEventSource`', async () => {
  const code = await bundle(new URL('./index.ts', import.meta.url), external)
  expect(Array.from(code.matchAll(/(?:from|import)\s*\(?["'`]([^"'`]+)/g), ([, name]) => name)).toEqual(
    external,
  )
  expect(code).not.toMatch(/\b(process|Buffer|require)\b/)
  const stream = await bundle(new URL('../stream/from-event-source.ts', import.meta.url), external)
  expect(compressedSize(code) - compressedSize(stream)).toBeLessThanOrEqual(2 * 1024)
})

function compressedSize(code: string): number {
  return gzipSync(code, { level: 9 }).length
}
