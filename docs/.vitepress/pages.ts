import { globSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const docs = fileURLToPath(new URL('..', import.meta.url))

export interface Page {
  readonly text: string
  readonly link: string
}

/** Lists the matching pages by their first heading, those in `order` first. New pages need no registration. */
export function pages(pattern: string, order: readonly string[] = []): Page[] {
  const place = (file: string) => {
    const index = order.indexOf(basename(file, '.md'))
    return index === -1 ? order.length : index
  }
  return globSync(pattern, { cwd: docs })
    .sort()
    .sort((a, b) => place(a) - place(b))
    .map((file) => ({ text: titleOf(file), link: `/${file.replace(/(index)?\.md$/, '')}` }))
}

/** The links in the sections of a page. A sidebar uses them to get the order of its index. */
export function sections(index: string): { readonly text: string; readonly items: Page[] }[] {
  const folder = `/${dirname(index)}/`
  return readFileSync(`${docs}/${index}`, 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      text: section.split('\n')[0] ?? '',
      items: Array.from(
        section.matchAll(/^\| \[`?([^\]`]+)`?\]\(\.\/([\w-]+)\.md\)/gm),
        ([, text = '', page]) => ({
          text,
          link: `${folder}${page}`,
        }),
      ),
    }))
    .filter(({ items }) => items.length > 0)
}

function titleOf(file: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(`${docs}/${file}`, 'utf8'))
  return heading?.[1]?.replaceAll('`', '') ?? basename(file, '.md')
}
