import { existsSync, readFileSync } from 'node:fs'
import type { Block, Page } from './read-page.ts'

/** A module made of blocks of a page. Its line numbers are those of the page. */
export interface Program {
  readonly page: Page
  /** The name of its file. */
  readonly name: string
  /** Its first line. */
  readonly line: number
  /** The code to type-check. */
  readonly whole: string
  /** The code to run, or undefined if it is only type-checked or another module imports it. */
  readonly runnable: string | undefined
  /** Whether it is for a browser. */
  readonly browser: boolean
  /** Whether TypeScript must compile it first, because it has decorators. */
  readonly compiled: boolean
}

/** Creates the programs of a page: one of all its blocks, one of those for a browser, and one of each named file. */
export function createPrograms(page: Page): Program[] {
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
  const surroundings = page.separate ? readSurroundings(page) : undefined
  return groups.map((blocks) => {
    const [first] = blocks as [Block]
    const text = (some: readonly Block[]) =>
      surroundings !== undefined && !first.code.startsWith('import ')
        ? wrapInSurroundings(surroundings, first, page.path)
        : keepLineNumbers(some)
    const running = blocks.filter(({ run }) => run)
    const whole = text(blocks)
    const compiled = /^\s*@[A-Z]\w*\(/m.test(whole)
    if (compiled && running.length > 0 && running.length < blocks.length)
      throw new Error(
        `${page.path}:${first.line}: a module with decorators must run completely or not at all`,
      )
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

/** The folder name for a page's modules: its path as one name. */
export function createFolderName(page: Page): string {
  return page.path.replace(/\.md$/, '').replaceAll('/', '__')
}

function keepLineNumbers(blocks: readonly Block[]): string {
  const lines: string[] = []
  for (const { line, code } of blocks) {
    while (lines.length < line - 1) lines.push('')
    lines.push(...code.split('\n'))
  }
  // Makes a block without imports a module too.
  return `${lines.join('\n')}\nexport {}\n`
}

/** Puts an example into a scope of its own after the declarations that it uses. */
function wrapInSurroundings(surroundings: string, { line, code }: Block, path: string): string {
  const before = surroundings.trimEnd().split('\n')
  if (before.length > line - 2)
    throw new Error(`${path}:${line}: the surroundings are longer than the page above this block`)
  return [...before, ...Array.from({ length: line - 2 - before.length }, () => ''), '{', code, '}', ''].join(
    '\n',
  )
}

/** Reads the declarations for examples that do not import what they use. */
function readSurroundings(page: Page): string | undefined {
  const file = new URL(`./surroundings/${createFolderName(page)}.ts`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
