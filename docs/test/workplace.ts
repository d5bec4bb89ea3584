import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFolderName, createPrograms, type Program } from './programs.ts'
import type { Page } from './read-page.ts'
import { typeCheck } from './type-check.ts'

/** A folder with the type-checked modules of pages. */
export interface Workplace extends Disposable {
  /** The type errors of a page with its line numbers. */
  typeErrors(page: Page): string[]
  /** The file to run for a program. */
  findFile(program: Program): string
}

const results = fileURLToPath(new URL('../.results/', import.meta.url))

/** Writes the modules of `pages` to a folder in this package, where their imports resolve, and type-checks them. */
export async function createWorkplace(pages: readonly Page[], root: string): Promise<Workplace> {
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'pages-'))
  for (const page of pages) {
    for (const kind of ['checked', 'browser', 'run'])
      mkdirSync(join(folder, kind, createFolderName(page)), { recursive: true })
    for (const { name, whole, runnable, browser } of createPrograms(page)) {
      writeFileSync(join(folder, browser ? 'browser' : 'checked', createFolderName(page), name), whole)
      if (browser) continue
      // A module that another one imports must exist, although it does not run by itself.
      writeFileSync(join(folder, 'run', createFolderName(page), name), runnable ?? whole)
    }
  }
  const wrong = await Promise.all([typeCheck(folder, root), typeCheck(folder, root, 'browser')])
  return {
    typeErrors: (page) => wrong.flatMap((of) => of(page)),
    findFile: ({ page, name, compiled }) =>
      compiled
        ? join(folder, 'compiled/checked', createFolderName(page), name.replace(/ts$/, 'js'))
        : join(folder, 'run', createFolderName(page), name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}
