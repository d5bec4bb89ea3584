import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { styleSheet } from '../marbles/palette.ts'
import { inlineMarbles } from './inline-marbles.ts'
import { type Page, pages } from './pages.ts'
import { repositoryLinks } from './repository-links.ts'

const repository = 'https://github.com/rxsse/rxsse'

const guide = pages('guide/*.md', [
  'sources',
  'pipelines',
  'sinks',
  'resume',
  'backpressure',
  'auth',
  'compression',
  'testing',
  'llm-and-mcp',
  'relays',
])
const facts = pages('{guarantees,scaling,performance,runtimes,comparison,symptoms}.md', [
  'symptoms',
  'guarantees',
  'scaling',
  'performance',
  'runtimes',
  'comparison',
])
const apps = pages('apps/*.md', ['browser', 'angular', 'nestjs', 'express', 'fastify', 'hono', 'next'])
const operators = pages('operators/*.md')

export default defineConfig({
  title: 'rxsse',
  description: 'Server-Sent Events into RxJS Observables, and RxJS Observables into Server-Sent Events',
  lang: 'en',
  cleanUrls: true,
  rewrites: { 'README.md': 'start.md' },
  head: [['style', {}, styleSheet((rules) => `.dark .marbles{${rules}}`)]],
  markdown: {
    config(md) {
      repositoryLinks(md, `${repository}/tree/main`)
      inlineMarbles(md, fileURLToPath(new URL('..', import.meta.url)))
    },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      ...section('Guide', guide),
      ...section('Operators', operators),
      ...section('Frameworks', apps),
    ],
    sidebar: [
      { text: 'Start', items: [{ text: 'In five minutes', link: '/start' }] },
      ...group('Guide', guide),
      ...group('Frameworks', apps),
      ...group('Recipes', pages('recipes/*.md')),
      ...group('Facts', facts),
      ...group('Coming from', pages('migration/*.md')),
      ...group('Operators', operators),
    ],
    socialLinks: [{ icon: 'github', link: repository }],
    search: { provider: 'local' },
    outline: [2, 3],
  },
})

/** An entry of the bar at the top, for a section that has pages. */
function section(text: string, items: readonly Page[]) {
  const first = items[0]
  return first ? [{ text, link: first.link }] : []
}

function group(text: string, items: Page[]) {
  return items.length > 0 ? [{ text, items }] : []
}
