import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { compile } from 'svelte/compiler'

/** Bundles a module of this folder for a browser, or for Node's server rendering. */
export async function bundle(file: string, platform: 'browser' | 'node'): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform,
    jsx: 'automatic',
    // The warnings of a development build, such as React's strict mode, belong to the test.
    conditions: ['development'],
    define: {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    plugins: [createSveltePlugin(platform)],
    ...(platform === 'node' && {
      external: ['react', 'react-dom', 'vue', '@rxsse/core', 'rxjs', 'svelte'],
    }),
  })
  return result.outputFiles[0]?.text ?? ''
}

function createSveltePlugin(platform: 'browser' | 'node'): Plugin {
  return {
    name: 'svelte',
    setup({ onLoad }) {
      onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
        const { js } = compile(await readFile(path, 'utf8'), {
          filename: path,
          generate: platform === 'node' ? 'server' : 'client',
          css: 'injected',
        })
        return { contents: js.code, loader: 'js' }
      })
    },
  }
}
