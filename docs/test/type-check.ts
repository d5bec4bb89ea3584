import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderOf } from './programs.ts'
import type { Page } from './read-page.ts'

/**
 * Checks all modules in `folder/checked`, or those in `folder/browser` as a bundler for browsers resolves them, as one program of TypeScript's, and says what is wrong, by page, with the page's line numbers.
 * Leaves them compiled beside it, for what Node does not run as it stands: decorators.
 */
export async function typeCheck(
  folder: string,
  root: string,
  kind: 'checked' | 'browser' = 'checked',
): Promise<(page: Page) => string[]> {
  const config = `tsconfig.${kind}.json`
  writeFileSync(join(folder, config), JSON.stringify(kind === 'browser' ? forBrowsers : forNode))
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      join(root, 'node_modules/.bin/tsc'),
      ['-p', config, '--pretty', 'false'],
      { cwd: folder, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        // Exit codes 1 and 2 are about the code; anything else about the compiler.
        if (error !== null && error.code !== 1 && error.code !== 2) reject(new Error(stdout + stderr))
        else resolve(stdout)
      },
    )
  })
  const diagnostics = output.split(/\n(?=\S)/).filter((line) => line.trim() !== '')
  const elsewhere = diagnostics.filter((line) => !line.startsWith(`${kind}/`))
  if (elsewhere.length > 0) throw new Error(elsewhere.join('\n'))
  return (page) => {
    const place = `${kind}/${folderOf(page)}/`
    return diagnostics
      .filter((line) => line.startsWith(place))
      .map((line) => `${page.path} ${line.slice(place.length)}`)
  }
}

const forNode = {
  extends: '../../../tsconfig.base.json',
  compilerOptions: {
    composite: false,
    declaration: false,
    isolatedDeclarations: false,
    rootDir: '.',
    outDir: 'compiled',
    sourceMap: true,
    noEmitOnError: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    // Frameworks with decorators.
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    erasableSyntaxOnly: false,
    jsx: 'react-jsx',
    types: ['node'],
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
  },
  include: ['checked'],
}

const forBrowsers = {
  ...forNode,
  compilerOptions: {
    ...forNode.compilerOptions,
    module: 'preserve',
    moduleResolution: 'bundler',
    customConditions: ['browser'],
    noEmit: true,
    types: [],
  },
  include: ['browser'],
}
