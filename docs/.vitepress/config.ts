import { fileURLToPath } from 'node:url'
import { type DefaultTheme, defineConfig } from 'vitepress'
import llmsText from 'vitepress-plugin-llms'
import { styleSheet } from '../marbles/palette.ts'
import { fileNames } from './file-names.ts'
import { home } from './home.ts'
import { inlineMarbles } from './inline-marbles.ts'
import { type Page, pages, sections } from './pages.ts'
import { repositoryLinks } from './repository-links.ts'

const repository = 'https://github.com/rxsse/rxsse'

const guide = pages('guide/*.md', [
  'sources',
  'pipelines',
  'sinks',
  'resume',
  'jobs',
  'backpressure',
  'auth',
  'compression',
  'testing',
  'llm-and-mcp',
  'relays',
  'job-stores',
  'shards',
  'all-cores',
  'kubernetes',
  'event-source',
  'tabs',
])
const apps = pages('apps/*.md', [
  'matrix',
  'browser',
  'react-native',
  'angular',
  'react',
  'vue',
  'svelte',
  'nestjs',
  'express',
  'fastify',
  'hono',
  'koa',
  'elysia',
  'next',
  'nuxt',
  'sveltekit',
  'react-router',
  'astro',
])
const recipes = pages('recipes/*.md', ['index'])
const facts = pages('{symptoms,guarantees,security,scaling,performance,runtimes,comparison,versions}.md', [
  'symptoms',
  'guarantees',
  'security',
  'scaling',
  'performance',
  'runtimes',
  'comparison',
  'versions',
])

const reading: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      { text: 'In five minutes', link: '/start' },
      { text: 'Examples', link: '/examples' },
    ],
  },
  ...group('Guide', guide),
  ...group('In your framework', apps),
  ...group('Recipes', recipes),
  ...group('Facts and figures', facts),
  ...group('Coming from', pages('migration/*.md', ['index'])),
  {
    text: 'Reference',
    items: [
      { text: 'Operators', link: '/operators/' },
      { text: 'API', link: '/api/' },
    ],
  },
]

export default defineConfig({
  title: 'rxsse',
  description: 'Server-Sent Events into RxJS Observables, and RxJS Observables into Server-Sent Events',
  lang: 'en',
  cleanUrls: true,
  // The folders have READMEs of their own.
  srcExclude: ['examples/**'],
  rewrites: { 'README.md': 'start.md' },
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }],
    ['style', {}, styleSheet((rules) => `.dark .marbles{${rules}}`)],
  ],
  transformPageData(page) {
    if (page.relativePath === 'index.md') Object.assign(page.frontmatter, home)
    // The tables have seven columns.
    if (page.relativePath === 'comparison.md')
      Object.assign(page.frontmatter, { aside: false, pageClass: 'wide' })
  },
  // The index of the local search exceeds Vite's size warning. It is loaded on the first search.
  vite: {
    build: { chunkSizeWarningLimit: 5000 },
    // Writes llms.txt, llms-full.txt and each page as Markdown. The API reference would be most of them.
    // The plugin has the types of a newer Vite than VitePress 1.
    plugins: [llmsText({ ignoreFiles: ['api/**'] }) as never],
  },
  markdown: {
    // Comments have the output of the examples, so they need good contrast.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    config(md) {
      fileNames(md)
      repositoryLinks(md, `${repository}/tree/main`)
      inlineMarbles(md, fileURLToPath(new URL('..', import.meta.url)))
    },
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Start', link: '/start' },
      ...section('Guide', guide),
      { text: 'Operators', link: '/operators/', activeMatch: '^/operators/' },
      ...section('Frameworks', apps),
      ...section('Recipes', recipes),
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: {
      // First, so that llms.txt begins with the start. The site takes the longest path that fits.
      '/': reading,
      '/operators/': [{ text: 'Operators', link: '/operators/' }, ...sections('operators/index.md')],
      '/api/': [{ text: 'API', items: pages('api/*/**/*.md') }],
    },
    socialLinks: [{ icon: 'github', link: repository }],
    search: {
      provider: 'local',
      options: {
        // A guide ranks before the API page of the same name.
        miniSearch: {
          searchOptions: { boostDocument: (page: string) => (page.startsWith('/api/') ? 0.3 : 1) },
        },
      },
    },
    outline: [2, 3],
  },
})

/** An entry of the navigation bar for a section with pages. */
function section(text: string, items: readonly Page[]): DefaultTheme.NavItem[] {
  const first = items[0]
  return first ? [{ text, link: first.link, activeMatch: `^/${first.link.split('/')[1]}/` }] : []
}

function group(text: string, items: Page[]): DefaultTheme.SidebarItem[] {
  return items.length > 0 ? [{ text, items }] : []
}
