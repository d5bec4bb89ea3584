import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** Bundles a module for a browser: one minified script that includes its imports, except those in `external`. */
export async function bundle(entry: URL, external: readonly string[] = []): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('..', import.meta.url)),
    resolve: {
      alias: { '#platform': fileURLToPath(new URL('../src/platform/browser.ts', import.meta.url)) },
    },
    build: {
      write: false,
      target: 'es2022',
      rolldownOptions: {
        input: fileURLToPath(entry),
        preserveEntrySignatures: 'strict',
        external: [...external],
        output: { minify: true },
      },
    },
  })
  if (!('output' in result)) throw new Error('expected one build')
  const [chunk, ...others] = result.output
  if (others.length > 0) throw new Error(`${entry.href} is more than one chunk`)
  return chunk.code
}
