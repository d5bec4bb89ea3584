/** A package holds its build, its README and its licence, and nothing else, and needs nothing that only the workspace knows. */
export function checkContents({ name, manifest, files, bytes }, packages) {
  const strays = files.filter(
    (path) =>
      !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(js|d\.ts|json))$/.test(path) ||
      path.includes('.test.'),
  )
  const missing = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'].filter(
    (path) => !files.includes(path),
  )
  if (strays.length > 0) throw new Error(`${name}: would publish ${strays.join(', ')}`)
  if (missing.length > 0) throw new Error(`${name}: would publish no ${missing.join(', ')}`)

  for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    for (const [dependency, range] of Object.entries(manifest[field] ?? {})) {
      // `pnpm publish` would replace these, `npm publish` would not.
      if (/^(workspace|catalog|link|file):/.test(range))
        throw new Error(`${name}: ${field} has ${dependency} as ${range}, which nobody outside can install`)
      const sibling = packages.find((other) => other.name === dependency)
      if (sibling !== undefined && range !== `^${sibling.manifest.version}`)
        throw new Error(
          `${name}: ${field} has ${dependency} as ${range}, which is released with it as ${sibling.manifest.version}`,
        )
    }
  }
  console.log(`${name}: ${files.length} files, ${bytes} bytes packed`)
}
