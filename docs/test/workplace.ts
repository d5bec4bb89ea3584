import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { folderOf, type Program, programsOf } from './programs.ts'
import type { Page } from './read-page.ts'
import { typeCheck } from './type-check.ts'

/** A folder with the modules of pages, type-checked. */
export interface Workplace extends Disposable {
  /** What the compiler has to say about a page, with the page's line numbers. */
  wrongTypes(page: Page): string[]
  /** The file that runs a program. */
  fileOf(program: Program): string
}

const results = fileURLToPath(new URL('../.results/', import.meta.url))

/** Writes the modules of `pages` to a folder within this package, so that they find what they import, and checks their types. */
export async function createWorkplace(pages: readonly Page[], root: string): Promise<Workplace> {
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'pages-'))
  for (const page of pages) {
    for (const kind of ['checked', 'browser', 'run'])
      mkdirSync(join(folder, kind, folderOf(page)), { recursive: true })
    for (const { name, whole, runnable, browser } of programsOf(page)) {
      writeFileSync(join(folder, browser ? 'browser' : 'checked', folderOf(page), name), whole)
      if (browser) continue
      // A module that another one imports is there, though it is not run by itself.
      writeFileSync(join(folder, 'run', folderOf(page), name), runnable ?? whole)
    }
  }
  const wrong = await Promise.all([typeCheck(folder, root), typeCheck(folder, root, 'browser')])
  return {
    wrongTypes: (page) => wrong.flatMap((of) => of(page)),
    fileOf: ({ page, name, compiled }) =>
      compiled
        ? join(folder, 'compiled/checked', folderOf(page), name.replace(/ts$/, 'js'))
        : join(folder, 'run', folderOf(page), name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}
