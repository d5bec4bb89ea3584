import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, platform, release, totalmem } from 'node:os'

/** What the figures were measured on, in a line. */
export function machine(): string {
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${cpus().length} × ${model.trim()}, ${memory} GiB, ${platform()} ${release()}, Node ${process.versions.node}, V8 ${process.versions.v8}`
}

/** The packages that were measured, and what they stand on, with their versions: the dependencies of this package, whose tools are devDependencies. */
export function versions(): string {
  const { dependencies } = manifest(new URL('../../package.json', import.meta.url))
  const require = createRequire(import.meta.url)
  return Object.keys(dependencies ?? {})
    .filter((name) => !name.startsWith('@rxsse/'))
    .toSorted()
    .map((name) => `${name} ${versionOf(name, require)}`)
    .join(', ')
}

function versionOf(name: string, require: NodeJS.Require): string {
  // Not every package lets its manifest be resolved; where it is installed can be told all the same.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return manifest(new URL(`file://${folder}/${name}/package.json`)).version ?? ''
    } catch {
      // It is not in this folder.
    }
  }
  return ''
}

function manifest(file: URL): {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
} {
  return JSON.parse(readFileSync(file, 'utf8'))
}
