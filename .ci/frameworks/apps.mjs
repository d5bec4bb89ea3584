// The applications, how they are built and started, and where their endpoints are.

/**
 * `library` is where the shared files go. Each mode is a command that listens on `$PORT` of 127.0.0.1. `paths` are where
 * the endpoints are, by name. `withChecks` has the commands of programs that are the page's with the endpoints of the checks.
 */
export const apps = [
  {
    name: 'sveltekit',
    library: 'src/lib/server',
    build: 'vite build',
    modes: { production: 'node build/index.js', development: 'vite dev --host 127.0.0.1 --port $PORT' },
  },
  {
    name: 'react-router',
    library: 'app/lib',
    build: 'react-router build',
    modes: {
      production: 'react-router-serve build/server/index.js',
      development: 'react-router dev --host 127.0.0.1 --port $PORT',
    },
  },
  {
    name: 'react-router-7',
    folder: 'react-router',
    versions: {
      '@react-router/dev': '7.18.4',
      '@react-router/node': '7.18.4',
      '@react-router/serve': '7.18.4',
      'react-router': '7.18.4',
      vite: '7.3.5',
    },
    library: 'app/lib',
    build: 'react-router build',
    modes: { production: 'react-router-serve build/server/index.js' },
  },
  {
    name: 'astro',
    library: 'src/lib',
    build: 'astro build',
    modes: {
      production: 'node dist/server/entry.mjs',
      'own server': 'node check-server.ts',
      development: 'astro dev --host 127.0.0.1 --port $PORT',
    },
  },
  {
    name: 'next',
    library: 'lib',
    build: 'next build',
    modes: {
      production: 'next start --hostname 127.0.0.1 --port $PORT',
      development: 'next dev --hostname 127.0.0.1 --port $PORT',
    },
    paths: { 'App Router': '', 'Pages Router': '/api' },
  },
  {
    name: 'nuxt',
    library: 'server/utils',
    build: 'nuxt build',
    modes: {
      production: 'node .output/server/index.mjs',
      development: 'nuxt dev --host 127.0.0.1 --port $PORT',
    },
    paths: { '': '/api' },
  },
  {
    name: 'nitro',
    library: 'lib',
    build: 'nitro build',
    modes: {
      production: 'node .output/server/index.mjs',
      development: 'nitro dev --host 127.0.0.1 --port $PORT',
    },
  },
  {
    name: 'elysia',
    library: '.',
    modes: { 'on Bun': 'bun run bun.ts', 'on Node': 'node node.ts' },
    // Routes cannot be added to the page's program once it listens.
    withChecks: { 'on Bun': 'bun run check-bun.ts', 'on Node': 'node check-node.ts' },
  },
]
