// Runs the example folders of the docs, each as it is, with packed packages. They share one installation.
import { spawn } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const SOURCE = 'docs/examples'
const LIMIT_MS = 20_000

export const examples = globSync(`${SOURCE}/*/package.json`)
  .map((path) => {
    const folder = dirname(path)
    return { folder, name: folder.slice(SOURCE.length + 1), manifest: JSON.parse(readFileSync(path, 'utf8')) }
  })
  .sort((a, b) => (a.name < b.name ? -1 : 1))

/** What the examples need beside our packages, as npm names it. */
export function listOtherDependencies() {
  const all = examples.flatMap(({ manifest }) => Object.entries(manifest.dependencies))
  return [...new Set(all.filter(([name]) => !name.startsWith('@rxsse/')).map((each) => each.join('@')))]
}

/** Runs each example in a folder below `project`, where the packages are installed. */
export async function runExamples(project) {
  for (const example of examples) {
    checkManifest(example)
    const folder = join(project, example.name)
    mkdirSync(folder)
    cpSync(example.folder, folder, { recursive: true })
    await runExample(example, folder, project)
    console.log(`the example ${example.name} prints what its README says`)
  }
}

/** Every package that the files import must be in their package.json. */
function checkManifest({ folder, name, manifest }) {
  for (const file of globSync(`${folder}/**/*.{js,jsx,mjs,mts}`)) {
    for (const [, from] of readFileSync(file, 'utf8').matchAll(/ from '([^'.][^']*)'/g)) {
      const [, wanted] = /^((?:@[^/]+\/)?[^/]+)/.exec(from)
      if (from.startsWith('node:') || builtinModules.includes(from)) continue
      if (manifest.dependencies[wanted] === undefined)
        throw new Error(`${file} imports ${wanted}, which the package.json of ${name} lacks`)
    }
  }
}

/** Starts it as `npm start` does, and waits for the lines of its README. An ellipsis matches anything. */
async function runExample({ folder, manifest }, cwd, project) {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const [, expected] = /^```text\n(.*?)^```$/ms.exec(readme)
  const pattern = expected
    .trim()
    .split('\n')
    .map((line) => line.split('…').map(RegExp.escape).join('.*'))
    .join('\n(?:.*\n)*?')
  const [program, ...args] = manifest.scripts.start.split(' ')
  const child = spawn(
    program === 'node' ? process.execPath : join(project, 'node_modules/.bin', program),
    args,
    {
      cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
    },
  )
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text
  })
  const end = Date.now() + LIMIT_MS
  try {
    while (!new RegExp(`^${pattern}$`, 'm').test(printed)) {
      if (child.exitCode !== null || Date.now() > end)
        throw new Error(`${folder} should print\n${expected}\nbut printed\n${printed}`)
      await sleep(50)
    }
    await visit(manifest.name)
  } finally {
    child.kill()
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  }
}

/** The page of an example, and the stream that it reads. */
async function visit(name) {
  const paths = {
    'rxsse-example-browser-react': ['/', '/src/main.jsx', '/prices'],
    'rxsse-example-express-sink': ['/', '/live'],
  }
  for (const path of paths[name] ?? []) {
    const response = await fetch(`http://localhost:8080${path}`, { signal: AbortSignal.timeout(LIMIT_MS) })
    if (!response.ok) throw new Error(`${name}: ${path} has the status ${response.status}`)
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      await response.text()
      continue
    }
    let received = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      received += chunk
      if (/^data: \{/m.test(received)) break
    }
  }
}
