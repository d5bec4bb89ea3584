import { clearScreenDown, moveCursor } from 'node:readline'
import type { Messages } from '../messages/messages.ts'

export interface Terminal {
  /** Shows the status in place of the previous one. */
  show(status: Messages['status'], extra: string): void
  /** Writes a line below the last status, which stays on the screen. */
  end(line: string): void
}

/** Draws a status of two lines in place. If the output is no terminal, only the lines of `end` are written. */
export function createTerminal(output: NodeJS.WriteStream): Terminal {
  let shown = 0
  return {
    show(status, extra) {
      if (!output.isTTY) return
      const lines = summary(status, extra).map((line) => fit(line, output.columns))
      if (shown > 0) {
        moveCursor(output, 0, -shown)
        clearScreenDown(output)
      }
      output.write(lines.map((line) => `${line}\n`).join(''))
      shown = lines.length
    },
    end(line) {
      shown = 0
      output.write(`${line}\n`)
    },
  }
}

function summary({ connection, counts }: Messages['status'], extra: string): string[] {
  const { status, remaining } = connection
  const waiting = status === 'waiting' ? ` ${(remaining / 1000).toFixed(1)} s` : ''
  return [
    `  source ${status}${waiting}. ${extra}`,
    `  ${Object.entries(counts)
      .map(([name, count]) => `${name} ${count.toLocaleString('en')}`)
      .join('  ')}`,
  ]
}

function fit(line: string, columns: number): string {
  if (columns === 0) return line // The terminal does not report its width.
  return line.length < columns ? line : `${line.slice(0, Math.max(1, columns - 2))}…`
}
