import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decode } from '../../test/decode.ts'

const program = fileURLToPath(new URL('../../test/retained-memory.ts', import.meta.url))

describe.skipIf('Bun' in globalThis || 'Deno' in globalThis)('in V8', () => {
  it.each([
    ['id', 2000],
    ['type', 2000],
    ['data', 2000],
    ['id', 300],
    ['data', 300],
  ])('every %s of 100,000 events with %i bytes more takes no more than a copy', (what, size) => {
    const options = ['--expose-gc', '--no-warnings', program, what, String(size)]
    const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(Number(stdout)).toBeLessThan(1.3)
    expect(Number(stdout)).toBeGreaterThan(0)
  })
})

it('copies are the same strings, in any script and of any length', () => {
  const texts = Array.from({ length: 40 }, (_, i) => 'aé日😀'.repeat(i)).concat('x\ny', '\ufeff')
  const body = texts.map((text, i) => {
    const data = text.split('\n').map((line) => `data: ${line}\n`)
    return `event: type ${text.replace('\n', '')}\nid: ${i} ${text.replace('\n', '')}\n${data.join('')}: ${'.'.repeat(3000)}\n\n`
  })
  const { events } = decode([Buffer.from(body.join(''))])
  expect(events).toEqual(
    texts.map((text, i) => ({
      type: `type ${text.replace('\n', '')}`,
      data: text,
      lastEventId: `${i} ${text.replace('\n', '')}`,
    })),
  )
})

it('more types than are remembered are told apart', () => {
  const types = Array.from({ length: 250 }, (_, i) => `a type with the number ${i}`)
  const body = [...types, ...types].map((type) => `event: ${type}\ndata: ${'x'.repeat(2000)}\n\n`)
  const { events } = decode([Buffer.from(body.join(''))])
  expect(events.map(({ type }) => type)).toEqual([...types, ...types])
})
