import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

/**
 * Inlines the marble diagrams into the page, so that they follow the site's light or dark mode. In the repository they
 * are images that follow the system's mode.
 */
export function inlineMarbles(md: MarkdownRenderer, docs: string): void {
  const image = md.renderer.rules.image
  md.renderer.rules.image = (tokens, i, options, env, self) => {
    const source = tokens[i]?.attrGet('src') ?? ''
    if (!/(^|\/)marbles\/[\w-]+\.svg$/.test(source)) return image?.(tokens, i, options, env, self) ?? ''
    const svg = readFileSync(resolve(docs, dirname(env.relativePath), source), 'utf8')
    return svg
      .replace(/<style>.*<\/style>\n/, '')
      .replace('<svg ', '<svg v-pre ')
      .replaceAll('\n', '')
  }
}
