import { posix } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

/** A link that leaves docs/ works in the repository as it stands; on the site it goes to the repository. */
export function repositoryLinks(md: MarkdownRenderer, repository: string): void {
  md.core.ruler.push('repository-links', (state) => {
    const page: string = state.env.relativePath ?? ''
    for (const token of state.tokens.flatMap((t) => t.children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (!href?.startsWith('.')) continue
      const target = posix.normalize(posix.join('docs', posix.dirname(page), href))
      if (!target.startsWith('docs/')) token.attrSet('href', `${repository}/${target}`)
    }
  })
}
