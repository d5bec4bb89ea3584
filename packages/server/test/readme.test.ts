import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromEventSource } from '@rxsse/core'
import { freePort } from '@rxsse/testing/programs'
import { firstValueFrom, take, toArray } from 'rxjs'
import { expect, it, onTestFinished } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
const example = /^```ts\n(.+?)^```$/ms.exec(readme)?.[1] ?? ''

/** Within the package, so that an example finds it by its name. */
function folder(): string {
  const results = join(packageFolder, '.results')
  mkdirSync(results, { recursive: true })
  const made = mkdtempSync(join(results, 'readme-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

it('the first example runs, and its clients resume', async () => {
  const port = await freePort()
  const path = join(folder(), 'example.ts')
  writeFileSync(path, example.replace('8080', `${port}`))
  const child = spawn(process.execPath, [path], { stdio: 'inherit' })
  onTestFinished(async () => {
    child.kill()
    await once(child, 'exit')
  })
  // Core comes back until the example listens.
  const ticks = (lastEventId: string) =>
    firstValueFrom(
      fromEventSource(`http://127.0.0.1:${port}/`, {
        lastEventId,
        reconnect: { initialDelay: '100ms', factor: 1 },
      }).pipe(take(2), toArray()),
    )
  const [first, second] = await ticks('')
  expect(first).toMatchObject({ type: 'tick' })
  const [again] = await ticks(first?.lastEventId ?? '')
  expect(again).toEqual(second)
}, 60_000)
