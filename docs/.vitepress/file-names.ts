import type { MarkdownRenderer } from 'vitepress'

/** A block that is a file of its own, as in ```ts [orders.ts], shows the file's name in place of its language. */
export function fileNames(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, i, options, env, self) => {
    const html = fence?.(tokens, i, options, env, self) ?? ''
    const name = /\[([\w./-]+)\]/.exec(tokens[i]?.info ?? '')?.[1]
    return name === undefined ? html : html.replace(/(<span class="lang">)[^<]*/, `$1${name}`)
  }
}
