import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, platform, release, totalmem } from 'node:os'

/** Describes the machine in one line. */
export function describeMachine(): string {
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${cpus().length} × ${model.trim()}, ${memory} GiB, Node ${process.versions.node}`
}

/** Lists versions: the system's, V8's, and those of the measured packages, which are the dependencies of this package. */
export function listVersions(): string[] {
  const { dependencies } = readManifest(new URL('../../package.json', import.meta.url))
  const require = createRequire(import.meta.url)
  const packages = Object.keys(dependencies ?? {})
    .filter((name) => !name.startsWith('@rxsse/'))
    .toSorted()
    .map((name) => `${name} ${readVersion(name, require)}`)
  return [`${platform()} ${release()}`, `V8 ${process.versions.v8}`, ...packages]
}

function readVersion(name: string, require: NodeJS.Require): string {
  // Some packages do not export their package.json, so this looks for it in the installation folders.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return readManifest(new URL(`file://${folder}/${name}/package.json`)).version ?? ''
    } catch {
      // The package is not in this folder.
    }
  }
  return ''
}

function readManifest(file: URL): {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
} {
  return JSON.parse(readFileSync(file, 'utf8'))
}
