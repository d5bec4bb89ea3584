import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { redisServerPath, startRedisServer } from '@rxsse/testing/programs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { programsOf } from './programs.ts'
import { readPage } from './read-page.ts'
import { runProgram } from './run-program.ts'
import { createWorkplace, type Workplace } from './workplace.ts'

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')

const readmes = globSync('packages/*/README.md', { cwd: root })
const unreadable: { readonly path: string; readonly error: unknown }[] = []
const pages = [
  'README.md',
  ...readmes.filter((path) => !isPrivate(path)),
  ...globSync('docs/**/*.md', { cwd: root, exclude: ['docs/node_modules', 'docs/.*', 'docs/api'] }),
]
  .map((path) => path.replaceAll('\\', '/'))
  .flatMap((path) => {
    try {
      const page = readPage(root, path)
      return [{ page, path, programs: programsOf(page) }]
    } catch (error) {
      // Told as a failure of this page alone.
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
  it(page.blocks.length === 0 ? 'has no block to check' : `type-checks: ${page.blocks.length} blocks`, () => {
    expect(workplace.wrongTypes(page).join('\n')).toBe('')
  })

  // What is not run shows in the report.
  for (const { line, file, run, browser } of page.blocks)
    if (browser) it(`is for a browser: line ${line}`, () => {})
    else if (!run) it(`is type-checked only: line ${line}`, () => {})
    else if (programs.some(({ name, runnable }) => name === file && runnable === undefined))
      it(`is run by what imports it: ${file}, line ${line}`, () => {})

  for (const program of programs.filter(({ runnable }) => runnable !== undefined))
    it(`runs as it says: ${program.name}, line ${program.line}`, async ({ skip }) => {
      const onRedis = program.runnable?.includes('@rxsse/redis')
      if (onRedis && redisServerPath() === undefined) return skip('there is no redis-server here')
      await using redis = onRedis ? await startRedisServer() : undefined
      const { failures, printed } = await runProgram(program, workplace.fileOf(program), redis?.port)
      expect(failures.join('\n'), `It printed:\n${printed.join('\n')}\n`).toBe('')
    })
})

describe.each(readmes.filter(isPrivate).map((path) => ({ path })))('$path', () => {
  it('is not checked: it is of a private package, for those who work on that', () => {})
})

describe.runIf(unreadable.length > 0).each(unreadable)('$path', ({ error }) => {
  it('can be read', () => {
    throw error
  })
})

function isPrivate(readme: string): boolean {
  return JSON.parse(readFileSync(join(root, readme, '../package.json'), 'utf8')).private === true
}
