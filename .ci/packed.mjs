// Packs every published package, checks the tarballs, and uses them in blank projects as a user would.
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listOtherDependencies, runExamples } from './examples.mjs'
import { temporaryFolder } from './temporary-folder.mjs'

const PUBLISHED_FILE = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(js|d\.ts|json))$/
const folder = temporaryFolder('packed')

const published = globSync('packages/*/package.json')
  .map((path) => JSON.parse(readFileSync(path, 'utf8')))
  .filter((manifest) => !manifest.private)
  .map(({ name }) => name)
const packages = JSON.parse(
  execFileSync(
    'pnpm',
    [
      '--recursive',
      ...published.map((name) => `--filter=${name}`),
      'pack',
      '--json',
      '--pack-destination',
      folder,
    ],
    { encoding: 'utf8' },
  ),
)
for (const { name, filename, files, size } of packages) {
  const unexpected = files.filter(({ path }) => !PUBLISHED_FILE.test(path) || path.includes('.test.'))
  if (unexpected.length > 0)
    throw new Error(`${name} would publish ${unexpected.map(({ path }) => path).join(', ')}`)
  const manifest = execFileSync('tar', ['-xOf', filename, 'package/package.json'], { encoding: 'utf8' })
  const local = manifest.match(/"(workspace|catalog|link|file):[^"]*"/)
  if (local) throw new Error(`${name}: the packed package.json has ${local[0]}, which npm cannot install`)
  console.log(`${name}: ${files.length} files, ${size} bytes`)
  run('publint', ['run', '--strict', filename])
  run('attw', [
    '--profile',
    'esm-only',
    '--no-definitely-typed',
    '--format',
    'ascii',
    '--no-emoji',
    '--no-summary',
    filename,
  ])
}

// The README's quick start needs no other packages than these.
const readme = createProject('readme', ['core', 'operators', 'server'], ['rxjs'])
writeFileSync(join(readme, 'README.md'), readFileSync('README.md'))
run(process.execPath, ['readme.mjs'], readme)

const project = createProject(
  'project',
  ['core', 'operators', 'server', 'redis', 'inspector', 'testing'],
  [
    ...listOtherDependencies(),
    'zod',
    'apache-arrow@21',
    '@opentelemetry/api@1',
    '@types/node@24',
    'typescript-5@npm:typescript@5.9',
    'typescript-7@npm:typescript@7',
  ],
)
const copies = globSync('node_modules/**/node_modules/rxjs', { cwd: project })
if (copies.length > 0) throw new Error(`the project has more than one copy of rxjs: ${copies.join(', ')}`)
run(process.execPath, ['import.mjs'], project)
run(process.execPath, ['require.cjs'], project)
for (const version of ['typescript-5', 'typescript-7']) {
  for (const config of ['nodenext', 'bundler', 'browser'])
    run(process.execPath, [`node_modules/${version}/bin/tsc`, '-p', `tsconfig.${config}.json`], project)
  console.log(`${version} accepts the types`)
}
// Fails on an import of a Node module, so the browser entry has none.
run('esbuild', [
  join(project, 'page.mjs'),
  '--bundle',
  '--platform=browser',
  `--outdir=${join(project, 'out')}`,
])

await runExamples(project)

/** Installs these packages, and no others of the workspace, into a folder of their own. */
function createProject(name, names, others) {
  const path = join(folder, name)
  mkdirSync(path)
  cpSync(new URL('consumer', import.meta.url), path, { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const tarballs = packages
    .filter((one) => ['shared', ...names].some((each) => one.name === `@rxsse/${each}`))
    .map((one) => one.filename)
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...tarballs, ...others],
    path,
  )
  return path
}

function run(program, args, cwd = '.') {
  execFileSync(program, args, { cwd, stdio: 'inherit' })
}
