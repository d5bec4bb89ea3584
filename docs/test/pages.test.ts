import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { redisServerPath, startRedisServer } from '@rxsse/testing/programs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPrograms } from './programs.ts'
import { readPage } from './read-page.ts'
import { runProgram } from './run-program.ts'
import { createWorkplace, type Workplace } from './workplace.ts'

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')

const readmes = globSync('packages/*/README.md', { cwd: root })
const unreadable: { readonly path: string; readonly error: unknown }[] = []
const pages = [
  'README.md',
  ...readmes.filter((path) => !isPrivate(path)),
  ...globSync('docs/**/*.md', {
    cwd: root,
    exclude: ['docs/node_modules', 'docs/.*', 'docs/api', 'docs/examples'],
  }),
]
  .map((path) => path.replaceAll('\\', '/'))
  .flatMap((path) => {
    try {
      const page = readPage(root, path)
      return [{ page, path, programs: createPrograms(page) }]
    } catch (error) {
      // Reported as a failure of this page only.
      unreadable.push({ path, error })
      return []
    }
  })
  .sort((a, b) => (a.path < b.path ? -1 : 1))

let workplace: Workplace
beforeAll(async () => {
  workplace = await createWorkplace(
    pages.map(({ page }) => page),
    root,
  )
})
afterAll(() => workplace[Symbol.dispose]())

describe.concurrent.each(pages)('$path', ({ page, programs }) => {
  for (const { line, path: file, code } of page.files)
    it(`shows a file as it is: ${file}, line ${line}`, () => {
      expect(code).toBe(readFileSync(join(root, file), 'utf8'))
    })

  it(page.blocks.length === 0 ? 'has no block to check' : `type-checks: ${page.blocks.length} blocks`, () => {
    expect(workplace.typeErrors(page).join('\n')).toBe('')
  })

  // The report lists blocks that are not run.
  for (const { line, file, run, browser } of page.blocks)
    if (browser) it(`is only type-checked, for a browser: line ${line}`, () => {})
    else if (!run) it(`is type-checked only: line ${line}`, () => {})
    else if (programs.some(({ name, runnable }) => name === file && runnable === undefined))
      it(`runs in a module that imports it: ${file}, line ${line}`, () => {})

  for (const program of programs.filter(({ runnable }) => runnable !== undefined))
    it(`runs as it says: ${program.name}, line ${program.line}`, async ({ skip }) => {
      const onRedis = program.runnable?.includes('@rxsse/redis')
      if (onRedis && redisServerPath() === undefined) return skip('redis-server is not installed')
      await using redis = onRedis ? await startRedisServer() : undefined
      const { failures, printed } = await runProgram(program, workplace.findFile(program), redis?.port)
      expect(failures.join('\n'), `It printed:\n${printed.join('\n')}\n`).toBe('')
    })
})

describe.each(readmes.filter(isPrivate).map((path) => ({ path })))('$path', () => {
  it('is not checked, because the package is private', () => {})
})

describe.runIf(unreadable.length > 0).each(unreadable)('$path', ({ error }) => {
  it('can be parsed', () => {
    throw error
  })
})

function isPrivate(readme: string): boolean {
  return JSON.parse(readFileSync(join(root, readme, '../package.json'), 'utf8')).private === true
}
