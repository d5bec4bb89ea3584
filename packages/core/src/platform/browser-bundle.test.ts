import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bundle } from '../../test/bundle.ts'

it('the browser entry imports only rxjs and nothing of Node', async () => {
  const code = await bundle(new URL('../web.ts', import.meta.url), ['rxjs'])
  expect(Array.from(code.matchAll(/(?:from|import)\s*\(?["'`]([^"'`]+)/g), ([, name]) => name)).toEqual([
    'rxjs',
  ])
  expect(code).not.toMatch(/\b(process|Buffer|require)\b/)
})

it('fromEventSource in a browser is at most 9 KiB, minified and gzipped', async () => {
  const code = await bundle(new URL('../stream/from-event-source.ts', import.meta.url), ['rxjs'])
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(9 * 1024)
})
