import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fromEventSource } from '@rxsse/core'
import { firstValueFrom, take, toArray } from 'rxjs'
import { expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
const examples = Array.from(readme.matchAll(/^```ts\n(.+?)^```$/gms), ([, code = '']) => code)

/** What the README's shorter examples are about. */
const surroundings = `
import { type Access, createSink, defineEvents, headerRules, readJson, streamTo } from '@rxsse/server'
import express from 'express'
import { jwtVerify } from 'jose'
import { map, type Observable } from 'rxjs'
import { z } from 'zod'
interface Priced { readonly type: string; readonly data: unknown }
declare const sink: ReturnType<typeof createSink>
declare const prices$: Observable<Priced>, orders$: Observable<Priced>, alerts$: Observable<Priced>
declare function askModel(question: string): Observable<string>
declare function mayJoin(user: string | undefined, rooms: readonly string[]): boolean
declare const app: ReturnType<typeof express>
declare const key: Uint8Array
`

/** Within the package, so that an example finds it by its name. */
function folder(): string {
  const results = join(packageFolder, '.results')
  mkdirSync(results, { recursive: true })
  const made = mkdtempSync(join(results, 'readme-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

it("the README's examples typecheck", async () => {
  const at = folder()
  for (const [index, code] of examples.entries()) {
    const whole = code.startsWith('import ')
      ? code
      : `${surroundings}export async function example() {\n${code}}\n`
    writeFileSync(join(at, `example-${index}.ts`), whole)
  }
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    noEmit: true,
    types: ['node'],
    skipLibCheck: true,
  }
  writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const { stdout } = await run('tsc', ['-p', at]).catch((error) => error)
  expect(stdout).toBe('')
}, 60_000)

it('the first example runs, and its clients resume', async () => {
  const port = await freePort()
  const path = join(folder(), 'example.ts')
  writeFileSync(path, (examples[0] ?? '').replace('8080', `${port}`))
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
