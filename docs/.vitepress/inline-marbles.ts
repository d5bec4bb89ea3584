import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

/**
 * Puts a picture of marbles into the page itself, where the site's own switch between light and dark reaches it. In the
 * repository it is an image like any other, and goes by what the reader's system prefers.
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
