// Every package that is published holds its build, its README and its licence, and nothing else.
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

for (const manifest of globSync('packages/*/package.json')) {
  const { name, private: isPrivate } = JSON.parse(readFileSync(manifest, 'utf8'))
  if (isPrivate) continue
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: dirname(manifest),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )
  const paths = packed.files.map((file) => file.path)
  const strays = paths.filter(
    (path) =>
      !/^(package\.json|README\.md|LICENSE|dist\/.+\.(js|d\.ts|json))$/.test(path) || path.includes('.test.'),
  )
  const missing = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'].filter(
    (path) => !paths.includes(path),
  )
  if (strays.length > 0) throw new Error(`${name}: would publish ${strays.join(', ')}`)
  if (missing.length > 0) throw new Error(`${name}: would publish no ${missing.join(', ')}`)
  console.log(`${name}: ${paths.length} files, ${packed.size} bytes packed`)
}
