import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const docs = fileURLToPath(new URL('..', import.meta.url))

export interface Page {
  readonly text: string
  readonly link: string
}

/** The pages that match, each by its first heading, those named in `order` first. A page needs no entry anywhere to be found. */
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

function titleOf(file: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(`${docs}/${file}`, 'utf8'))
  return heading?.[1]?.replaceAll('`', '') ?? basename(file, '.md')
}
