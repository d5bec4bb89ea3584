import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolderName } from './programs.ts'
import type { Page } from './read-page.ts'

/**
 * Type-checks all modules in `folder/checked`, or those in `folder/browser` with a browser's module resolution. Returns
 * the errors of a page with its line numbers. Also compiles the modules, because Node cannot run decorators.
 */
export async function typeCheck(
  folder: string,
  root: string,
  kind: 'checked' | 'browser' = 'checked',
): Promise<(page: Page) => string[]> {
  const config = `tsconfig.${kind}.json`
  writeFileSync(join(folder, config), JSON.stringify(kind === 'browser' ? BROWSER_CONFIG : NODE_CONFIG))
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      join(root, 'node_modules/.bin/tsc'),
      ['-p', config, '--pretty', 'false'],
      { cwd: folder, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        // The exit codes 1 and 2 are type errors. Others are failures of the compiler.
        if (error !== null && error.code !== 1 && error.code !== 2) reject(new Error(stdout + stderr))
        else resolve(stdout)
      },
    )
  })
  const diagnostics = output.split(/\n(?=\S)/).filter((line) => line.trim() !== '')
  const elsewhere = diagnostics.filter((line) => !line.startsWith(`${kind}/`))
  if (elsewhere.length > 0) throw new Error(elsewhere.join('\n'))
  return (page) => {
    const place = `${kind}/${createFolderName(page)}/`
    return diagnostics
      .filter((line) => line.startsWith(place))
      .map((line) => `${page.path} ${line.slice(place.length)}`)
  }
}

const NODE_CONFIG = {
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
    // For frameworks with decorators.
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    erasableSyntaxOnly: false,
    jsx: 'react-jsx',
    types: ['node'],
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
  },
  include: ['checked'],
}

const BROWSER_CONFIG = {
  ...NODE_CONFIG,
  compilerOptions: {
    ...NODE_CONFIG.compilerOptions,
    module: 'preserve',
    moduleResolution: 'bundler',
    customConditions: ['browser'],
    noEmit: true,
    types: [],
  },
  include: ['browser'],
}
