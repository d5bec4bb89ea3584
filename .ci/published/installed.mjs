import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const programs = fileURLToPath(new URL('programs/', import.meta.url))

/** A project of nothing but these packages, and these from the registry. */
export function install(folder, packages, names, others) {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const tarballs = names.map((name) => packages.find((one) => one.name === `@rxsse/${name}`).tarball)
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  execFileSync('npm', ['install', ...options, ...tarballs, ...others], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Used from ESM and from CommonJS, with one copy of RxJS, which is the user's. */
export function checkInstalled(folder) {
  const copies = globSync('node_modules/**/rxjs/package.json', { cwd: folder })
    .map((path) => JSON.parse(readFileSync(join(folder, path), 'utf8')))
    .filter(({ name }) => name === 'rxjs')
  if (copies.length !== 1) throw new Error(`a project with rxjs has ${copies.length} copies of it`)
  for (const program of ['use.mjs', 'require.cjs']) {
    copyFileSync(join(programs, program), join(folder, program))
    const output = execFileSync(process.execPath, [program], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 60_000,
    })
    console.log(`installed: ${output.trimEnd()}`)
  }
}
