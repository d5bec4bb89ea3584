import { fork, spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { supervise } from './supervise.ts'

const program = `
  process.send({ port: 1234 })
  process.on('message', () => process.exit())
`

const starting = () => fork('-e', [program], { execArgv: ['--no-warnings'] })
const failing = () => spawn('/nowhere/node', { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })

it('a program that cannot be started again for a while is tried again until it can', async () => {
  const starts = [starting, failing, failing]
  const started = await supervise({
    name: 'The program',
    start: () => (starts.shift() ?? starting)(),
    restartDelay: 1,
  })
  const [first] = started.processes
  process.kill(first?.pid ?? 0, 'SIGKILL')
  await expect
    .poll(() => started.processes[0]?.pid)
    .toSatisfy((pid) => pid !== undefined && pid !== first?.pid)
  expect(starts).toEqual([])
  await started.stop()
})

it('a program that cannot be started at first is an error', async () => {
  await expect(supervise({ name: 'The program', start: failing })).rejects.toMatchObject({ code: 'ENOENT' })
})
