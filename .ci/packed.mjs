// Every package that is published, as npm packs it: what is in it, what the linters of packages say of it, whether it works where a
// stranger installs it, and what it adds to a bundle. With `--record`, the sizes of the bundles become the recorded ones.
import { join } from 'node:path'
import { checkBundles } from './published/bundles.mjs'
import { checkContents } from './published/contents.mjs'
import { checkInstalled, install } from './published/installed.mjs'
import { lint } from './published/lint.mjs'
import { packAll } from './published/pack.mjs'
import { checkReadme } from './published/readme.mjs'
import { checkTypes } from './published/types.mjs'
import { temporaryFolder } from './temporary-folder.mjs'

const folder = temporaryFolder('published')
const packages = packAll(folder)
for (const one of packages) {
  checkContents(one, packages)
  await lint(one)
}
const blank = join(folder, 'blank')
install(blank, packages, ['core', 'operators', 'server'], ['rxjs'])
await checkReadme(blank)

const project = join(folder, 'project')
install(
  project,
  packages,
  ['core', 'operators', 'server', 'redis', 'testing'],
  [
    'rxjs@7.8',
    'zod',
    'apache-arrow@21',
    '@opentelemetry/api@1',
    '@types/node@24',
    'typescript-5@npm:typescript@5.9',
    'typescript-7@npm:typescript@7',
  ],
)
checkInstalled(project)
checkTypes(project)
await checkBundles(project, process.argv.includes('--record'))
