import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Packs every package that is published, by plain npm, into the folder. */
export function packAll(folder) {
  return globSync('packages/*/package.json')
    .map((path) => ({ path, manifest: JSON.parse(readFileSync(path, 'utf8')) }))
    .filter(({ manifest }) => !manifest.private)
    .map(({ path, manifest }) => {
      const [packed] = JSON.parse(
        execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
          cwd: dirname(path),
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      )
      return {
        name: manifest.name,
        manifest,
        files: packed.files.map((file) => file.path),
        bytes: packed.size,
        tarball: join(folder, packed.filename),
      }
    })
}
