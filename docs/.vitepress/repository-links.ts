import { posix } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

/**
 * Adapts links for the site: a link out of docs/ leads to the repository, and a link to docs/README.md to its page on
 * the site.
 */
export function repositoryLinks(md: MarkdownRenderer, repository: string): void {
  md.core.ruler.push('repository-links', (state) => {
    const page: string = state.env.relativePath ?? ''
    for (const token of state.tokens.flatMap((t) => t.children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (!href || /^(\w+:|\/|#)/.test(href)) continue
      const target = posix.normalize(posix.join('docs', posix.dirname(page), href))
      if (!target.startsWith('docs/')) token.attrSet('href', `${repository}/${target}`)
      else if (/^docs\/README\.md(#|$)/.test(target))
        token.attrSet('href', target.replace('docs/README.md', '/start'))
    }
  })
}
