import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromEventSource } from '@rxsse/core'
import { freePort } from '@rxsse/testing/programs'
import { firstValueFrom, take, toArray } from 'rxjs'
import { expect, it, onTestFinished } from 'vitest'

const PACKAGE_FOLDER = fileURLToPath(new URL('..', import.meta.url))
const README = readFileSync(join(PACKAGE_FOLDER, 'README.md'), 'utf8')
const EXAMPLE = /^```ts\n(.+?)^```$/ms.exec(README)?.[1] ?? ''

/** A folder within the package, so that an example can import the package by name. */
function createFolder(): string {
  const results = join(PACKAGE_FOLDER, '.results')
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

it('the first example runs, and its clients resume', async () => {
  const port = await freePort()
  const path = join(createFolder(), 'example.ts')
  writeFileSync(path, EXAMPLE.replace('8080', `${port}`))
  const child = spawn(process.execPath, [path], { stdio: 'inherit' })
  onTestFinished(async () => {
    child.kill()
    await once(child, 'exit')
  })
  // Core reconnects until the example listens.
  const readTicks = (lastEventId: string) =>
    firstValueFrom(
      fromEventSource(`http://127.0.0.1:${port}/`, {
        lastEventId,
        reconnect: { initialDelay: '100ms', factor: 1 },
      }).pipe(take(2), toArray()),
    )
  const [first, second] = await readTicks('')
  expect(first).toMatchObject({ type: 'tick' })
  const [again] = await readTicks(first?.lastEventId ?? '')
  expect(again).toEqual(second)
}, 60_000)
