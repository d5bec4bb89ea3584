import { existsSync, readFileSync } from 'node:fs'
import type { Block, Page } from './read-page.ts'

/** A module made of a page's blocks. A line of it has the number that it has on the page. */
export interface Program {
  readonly page: Page
  /** Its file's name. */
  readonly name: string
  /** The line where it begins. */
  readonly line: number
  /** What is type-checked. */
  readonly whole: string
  /** What is run: `undefined` where all of it is type-checked only, or where another module imports it. */
  readonly runnable: string | undefined
  /** Whether it is for a browser. */
  readonly browser: boolean
  /** Whether it runs as TypeScript has compiled it, because of its decorators. */
  readonly compiled: boolean
}

/** The programs of a page: the blocks in order are one, those for a browser another, but for those that name a file of their own. */
export function programsOf(page: Page): Program[] {
  const groups: Block[][] = []
  const main: Block[] = []
  const inBrowser: Block[] = []
  for (const block of page.blocks) {
    if (block.file !== undefined || page.separate) groups.push([block])
    else {
      const group = block.browser ? inBrowser : main
      if (group.push(block) === 1) groups.push(group)
    }
  }
  const imported = new Set(
    page.blocks.flatMap(({ code }) =>
      Array.from(code.matchAll(/from '\.\/([^']+)'/g), ([, file = '']) => file),
    ),
  )
  const surroundings = page.separate ? surroundingsOf(page) : undefined
  return groups.map((blocks) => {
    const [first] = blocks as [Block]
    const text = (some: readonly Block[]) =>
      surroundings !== undefined && !first.code.startsWith('import ')
        ? within(surroundings, first, page.path)
        : inPlace(some)
    const running = blocks.filter(({ run }) => run)
    const whole = text(blocks)
    const compiled = /^\s*@[A-Z]\w*\(/m.test(whole)
    if (compiled && running.length > 0 && running.length < blocks.length)
      throw new Error(`${page.path}:${first.line}: a module with decorators runs as a whole, or not at all`)
    const extension = first.jsx ? 'tsx' : 'ts'
    return {
      page,
      name:
        first.file ??
        (page.separate
          ? `line-${first.line}.${extension}`
          : `${first.browser ? 'browser' : 'page'}.${extension}`),
      line: first.line,
      browser: first.browser,
      whole,
      compiled,
      runnable:
        running.length === 0 || (first.file !== undefined && imported.has(first.file))
          ? undefined
          : text(running),
    }
  })
}

/** The folder of a page's modules: its path with no folders in it. */
export function folderOf(page: Page): string {
  return page.path.replace(/\.md$/, '').replaceAll('/', '__')
}

function inPlace(blocks: readonly Block[]): string {
  const lines: string[] = []
  for (const { line, code } of blocks) {
    while (lines.length < line - 1) lines.push('')
    lines.push(...code.split('\n'))
  }
  // A block without an import is a module all the same.
  return `${lines.join('\n')}\nexport {}\n`
}

/** An example that leaves out what it is about, in a scope of its own within what stands around it. */
function within(surroundings: string, { line, code }: Block, path: string): string {
  const before = surroundings.trimEnd().split('\n')
  if (before.length > line - 2)
    throw new Error(`${path}:${line}: what surrounds this block is longer than the page above it`)
  return [...before, ...Array.from({ length: line - 2 - before.length }, () => ''), '{', code, '}', ''].join(
    '\n',
  )
}

/** What stands around the examples of a page that do not import what they use. */
function surroundingsOf(page: Page): string | undefined {
  const file = new URL(`./surroundings/${folderOf(page)}.ts`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
