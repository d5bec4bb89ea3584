import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build as buildWithEsbuild } from 'esbuild'
import { build as buildWithVite } from 'vite'

const recorded = fileURLToPath(new URL('sizes.json', import.meta.url))

/** What a bundle takes of the packages: nothing where nothing is used, the browser's entry for a browser, and no more than is recorded. */
export async function checkBundles(folder, record) {
  for (const name of ['core', 'core/config', 'operators', 'server', 'redis', 'testing']) {
    for (const code of [`import '@rxsse/${name}'`, `import * as all from '@rxsse/${name}'`]) {
      const { text } = await bundle(folder, code, { platform: 'node' })
      if (text.trim() !== '')
        throw new Error(`@rxsse/${name} has side effects: ${code} leaves ${text.slice(0, 200)}`)
    }
  }
  console.log('bundled: an import of nothing leaves nothing')
  await checkEntries(folder)
  await checkSizes(folder, record)
}

async function checkEntries(folder) {
  const code = `import { fromEventSource } from '@rxsse/core'; fromEventSource('/').subscribe()`
  const node = await bundle(folder, code, { platform: 'node' })
  if (!node.inputs.some((path) => path.includes('node_modules/undici/')))
    throw new Error('esbuild for Node does not take undici along')
  // Fails where there is an import of Node's.
  const browser = await bundle(folder, code, { platform: 'browser' })
  const strangers = browser.inputs.filter(
    (path) => !/^<stdin>$|node_modules\/(@rxsse\/(core|shared)|eventsource-parser|rxjs|tslib)\//.test(path),
  )
  if (strangers.length > 0) throw new Error(`esbuild for a browser takes along ${strangers.join(', ')}`)

  const result = await buildWithVite({
    configFile: false,
    root: folder,
    logLevel: 'error',
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page' ? id : undefined),
        load: (id) => (id === 'page' ? code : undefined),
      },
    ],
    build: { write: false, rolldownOptions: { input: 'page' } },
  })
  const ids = result.output.flatMap((chunk) => chunk.moduleIds ?? [])
  const nodes = ids.filter((id) => /undici|node:|__vite-browser-external/.test(id))
  if (nodes.length > 0 || !ids.some((id) => id.endsWith('@rxsse/core/dist/platform/browser.js')))
    throw new Error(`vite takes along ${ids.join(', ')}`)
  console.log("bundled: esbuild takes undici for Node; esbuild and vite take the browser's entry for a page")
}

// What is in use together, as somebody would import it. Minified and gzipped, without rxjs.
const selections = {
  '@rxsse/core': ['fromEventSource', '*'],
  '@rxsse/operators': [
    'data',
    'decode',
    'decodeByType',
    'dedupe',
    'reorder',
    'threshold',
    'groupWithin',
    'windowAggregate, tumbling',
    'rateLimit',
    'processWith',
    '*',
  ],
}

async function checkSizes(folder, record) {
  const sizes = {}
  for (const [name, names] of Object.entries(selections)) {
    for (const selection of names) {
      const code = selection === '*' ? `export * from '${name}'` : `export { ${selection} } from '${name}'`
      const { text } = await bundle(folder, code, { platform: 'browser', external: ['rxjs'] })
      sizes[`${name}: ${selection === '*' ? 'everything' : selection}`] = gzipSync(text, { level: 9 }).length
    }
  }
  if (record) writeFileSync(recorded, `${JSON.stringify(sizes, null, 2)}\n`)
  const limits = JSON.parse(readFileSync(recorded, 'utf8'))
  const larger = Object.entries(sizes).filter(([what, bytes]) => !(bytes <= limits[what] * 1.02))
  if (larger.length > 0)
    throw new Error(
      `larger than recorded in .ci/published/sizes.json; \`node .ci/packed.mjs --record\` if it is worth it:\n${larger
        .map(([what, bytes]) => `${what}: ${bytes} bytes, recorded ${limits[what]}`)
        .join('\n')}`,
    )
  for (const [what, bytes] of Object.entries(sizes)) console.log(`bundled: ${what}, ${bytes} bytes`)
}

async function bundle(folder, code, options) {
  const { metafile, outputFiles } = await buildWithEsbuild({
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
    stdin: { contents: code, resolveDir: folder },
    ...options,
  })
  return { text: outputFiles[0].text, inputs: Object.keys(metafile.inputs) }
}
