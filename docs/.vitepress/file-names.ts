import type { MarkdownRenderer } from 'vitepress'

/** Shows the file name of a block such as ```ts [orders.ts] instead of its language. */
export function fileNames(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, i, options, env, self) => {
    const html = fence?.(tokens, i, options, env, self) ?? ''
    const name = /\[([\w./-]+)\]/.exec(tokens[i]?.info ?? '')?.[1]
    return name === undefined ? html : html.replace(/(<span class="lang">)[^<]*/, `$1${name}`)
  }
}
