// Limits for what a bundle takes of the packages: gzipped, minified, without RxJS.
// esbuild bundles for a browser here, so an import of a Node module fails.
const SIZES = {
  core: { fromEventSource: '9.45 kB', '*': '11.44 kB' },
  'core/tabs': { sharedEventSource: '14.96 kB' },
  operators: {
    data: '1.15 kB',
    decode: '3.25 kB',
    decodeByType: '3.35 kB',
    dedupe: '4.07 kB',
    reorder: '4.08 kB',
    threshold: '7.49 kB',
    groupWithin: '2.54 kB',
    'windowAggregate, tumbling': '17.55 kB',
    slidingWindow: '13.66 kB',
    countWindow: '11.32 kB',
    rateLimit: '5.14 kB',
    processWith: '4 kB',
    createJob: '15.16 kB',
    '*': '53.4 kB',
  },
}
const ENTRIES = { core: 'web', operators: 'index' }

// An import that uses nothing must leave nothing in a bundle: no module has side effects.
const SIDE_EFFECT_FREE = [
  'core',
  'core/config',
  'core/event-source',
  'core/tabs',
  'operators',
  'operators/store',
  'server',
  'redis',
  'shared',
  'inspector',
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
