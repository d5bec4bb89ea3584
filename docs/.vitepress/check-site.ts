/** Checks the built site: every anchor of a link exists, and no page loads anything from another host. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('./dist/', import.meta.url))
const pages = new Map(
  globSync('**/*.html', { cwd: dist }).map((file) => [
    `/${file.replace(/(^|\/)index\.html$/, '$1').replace(/\.html$/, '')}`,
    readFileSync(`${dist}${file}`, 'utf8'),
  ]),
)
const anchors = new Map(
  [...pages].map(([path, html]) => [
    path,
    new Set(Array.from(html.matchAll(/\sid="([^"]+)"/g), ([, id = '']) => decoded(id))),
  ]),
)

const faults: string[] = []
for (const [path, html] of pages) {
  for (const [, href = ''] of html.matchAll(/<a\b[^>]*\shref="([^"]*)"/g)) {
    const url = new URL(decoded(href), `http://site${path}`)
    if (url.host !== 'site') continue
    const target = anchors.get(decodeURIComponent(url.pathname))
    if (target === undefined) faults.push(`${path}: there is no page ${url.pathname}`)
    else if (url.hash.length > 1 && !target.has(decodeURIComponent(url.hash.slice(1))))
      faults.push(`${path}: there is no ${url.hash} in ${url.pathname}`)
  }
  for (const [tag] of html.matchAll(
    /<(?:script|link|img|iframe)\b[^>]*\s(?:src|href)="(?:https?:)?\/\/[^>]*>/g,
  ))
    faults.push(`${path}: asks another host: ${tag}`)
}

for (const fault of new Set(faults)) console.error(fault)
console.log(`${pages.size} pages, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1

function decoded(text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
}
