import { execFileSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programs } from './installed.mjs'

const strict = { target: 'es2023', strict: true, exactOptionalPropertyTypes: true, noEmit: true }
const node = { lib: ['es2023', 'dom', 'dom.iterable'], types: ['node'] }
const page = { lib: ['es2023', 'dom', 'dom.iterable'], types: [] }

const modes = [
  { name: 'node16', files: ['types.mts'], options: { module: 'node16', ...node } },
  { name: 'nodenext', files: ['types.mts', 'types.cts'], options: { module: 'nodenext', ...node } },
  {
    name: 'bundler',
    files: ['types.mts'],
    options: { module: 'esnext', moduleResolution: 'bundler', ...node },
  },
  {
    name: 'bundler, for a browser by the types of the default entry',
    files: ['types-browser.mts'],
    options: { module: 'esnext', moduleResolution: 'bundler', ...node },
  },
  {
    name: 'bundler, in a browser without the types of Node',
    files: ['types-browser.mts'],
    options: { module: 'esnext', moduleResolution: 'bundler', customConditions: ['browser'], ...page },
  },
]

/** The declarations are found and hold, by each way TypeScript has to find them, in the versions in use. */
export function checkTypes(folder) {
  for (const file of ['types.mts', 'types.cts', 'types-browser.mts'])
    copyFileSync(join(programs, file), join(folder, file))
  for (const version of ['typescript-5', 'typescript-7']) {
    const tsc = join(folder, 'node_modules', version, 'bin/tsc')
    for (const { name, files, options } of modes) {
      // Once in full, other people's declarations included: that takes long with the older compiler.
      const skipLibCheck = version === 'typescript-5' && name !== 'nodenext'
      const compilerOptions = { ...strict, ...options, skipLibCheck }
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
      execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' })
    }
    const named = execFileSync(process.execPath, [tsc, '--version'], { encoding: 'utf8' }).trim()
    console.log(
      `installed: TypeScript ${named.replace('Version ', '')} is content: ${modes.map(({ name }) => name).join('; ')}`,
    )
  }
}
