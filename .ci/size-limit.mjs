// Limits for what a bundle takes of the packages: gzipped, minified, without RxJS.
// esbuild bundles for a browser here, so an import of a Node module fails.
const SIZES = {
  core: { fromEventSource: '7.68 kB', '*': '8.4 kB' },
  operators: {
    data: '900 B',
    decode: '1.95 kB',
    decodeByType: '2.05 kB',
    dedupe: '2.3 kB',
    reorder: '2.45 kB',
    threshold: '2.75 kB',
    groupWithin: '1.85 kB',
    'windowAggregate, tumbling': '11.5 kB',
    rateLimit: '3.6 kB',
    processWith: '2.35 kB',
    '*': '20.5 kB',
  },
}
const ENTRIES = { core: 'web', operators: 'index' }

// An import that uses nothing must leave nothing in a bundle: no module has side effects.
const SIDE_EFFECT_FREE = [
  'core',
  'core/config',
  'core/event-source',
  'operators',
  'server',
  'redis',
  'shared',
  'testing',
]

const entry = (name, file = 'index') => `../packages/${name.replace(/\/|$/, '/dist/')}/${file}.js`

export default [
  ...Object.entries(SIZES).flatMap(([name, limits]) =>
    Object.entries(limits).map(([selection, limit]) => ({
      name: `@rxsse/${name}: ${selection === '*' ? 'everything' : selection}`,
      path: entry(name, ENTRIES[name]),
      import: selection === '*' ? '*' : `{ ${selection} }`,
      ignore: ['rxjs'],
      limit,
      gzip: true,
      modifyEsbuildConfig: (config) => ({ ...config, format: 'esm', target: 'es2022' }),
    })),
  ),
  ...SIDE_EFFECT_FREE.map((name) => ({
    name: `@rxsse/${name}: nothing`,
    path: entry(name),
    import: '{}',
    limit: '1 B',
    brotli: false,
    modifyEsbuildConfig: (config) => ({ ...config, format: 'esm', platform: 'node' }),
  })),
]
