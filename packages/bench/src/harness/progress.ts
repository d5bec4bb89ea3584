/** Shows the progress of a suite on stderr: one line in place on a terminal, else one line for each round. */
export interface Progress {
  readonly step: (round: number, contender: string) => void
  end(): void
}

export function createProgress(suite: string, steps: number): Progress {
  const { stderr } = process
  const startedAt = performance.now()
  let done = 0
  let lastRound = -1
  return {
    step(round, contender) {
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      const line = `${suite}: ${done} of ${steps}, ${seconds} s, round ${round + 1}`
      if (stderr.isTTY) stderr.write(`\r\x1b[K${line}: ${contender}`)
      else if (round !== lastRound) stderr.write(`${line}\n`)
      lastRound = round
      done++
    },
    end() {
      if (stderr.isTTY) stderr.write('\r\x1b[K')
    },
  }
}
