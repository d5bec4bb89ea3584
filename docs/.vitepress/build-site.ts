/** Builds the site like `vitepress build`, and fails on warnings. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const build = spawn('vitepress', ['build'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  shell: process.platform === 'win32',
})
let said = ''
for (const output of [build.stdout, build.stderr]) {
  output.setEncoding('utf8').on('data', (text: string) => {
    said += text
    process.stdout.write(text)
  })
}
const [status] = await once(build, 'close')
const warnings = said.split('\n').filter((line) => /\(!\)|\bwarn/i.test(line))
if (status === 0 && warnings.length > 0) console.error(`${warnings.length} warnings`)
process.exitCode = status || (warnings.length > 0 ? 1 : 0)
