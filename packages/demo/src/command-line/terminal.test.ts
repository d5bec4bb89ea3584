import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import type { Messages } from '../messages/messages.ts'
import { createTerminal } from './terminal.ts'

function screen(isTTY: boolean, columns: number): { output: NodeJS.WriteStream; text: () => string } {
  let written = ''
  const output = new Writable({
    write(chunk, _, done) {
      written += chunk
      done()
    },
  })
  return {
    output: Object.assign(output, { isTTY, columns }) as unknown as NodeJS.WriteStream,
    text: () => written,
  }
}

const status: Messages['status'] = {
  source: 'here',
  replay: true,
  connection: { status: 'waiting', attempt: 1, remaining: 1_250, reason: 'end' },
  counts: { in: 1_234, out: 5, resumed: 2, missed: 0, repeated: 0 },
}
const lines = [
  '  source waiting 1.3 s. The feed is process 7.',
  '  in 1,234  out 5  resumed 2  missed 0  repeated 0',
]

it('redraws its two lines in place', () => {
  const { output, text } = screen(true, 120)
  const terminal = createTerminal(output)
  terminal.show(status, 'The feed is process 7.')
  expect(text()).toBe(lines.map((line) => `${line}\n`).join(''))
  terminal.show(status, 'The feed is process 7.')
  const up = '\u001b[2A\u001b[0J'
  expect(text().slice(text().indexOf('\u001b'))).toBe(`${up}${lines.join('\n')}\n`)
})

it('writes the last line below the status', () => {
  const { output, text } = screen(true, 120)
  const terminal = createTerminal(output)
  terminal.show(status, '')
  terminal.end('bye')
  terminal.show(status, '')
  expect(text()).not.toContain('\u001b')
  expect(text()).toContain('bye\n')
})

it('cuts lines to the width of a narrow terminal', () => {
  const { output, text } = screen(true, 20)
  createTerminal(output).show(status, '')
  for (const line of text().trimEnd().split('\n')) expect(line.length).toBeLessThan(20)
})

it('draws nothing if the output is no terminal', () => {
  const { output, text } = screen(false, 0)
  createTerminal(output).show(status, '')
  expect(text()).toBe('')
})
