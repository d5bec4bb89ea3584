import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Report } from './report.ts'

const between = /(<!-- measured -->\n)[\s\S]*?(<!-- end -->)/

/** Puts the measured part into the page, and the pictures into a folder beside it. Throws where the page has no place for it. */
export function writeReport(page: URL, { markdown, pictures }: Report): void {
  const text = readFileSync(page, 'utf8')
  if (!between.test(text)) throw new Error(`${page.pathname} has no <!-- measured --> … <!-- end --> to fill`)
  const folder = new URL(`${page.pathname.replace(/\.md$/, '')}/`, page)
  mkdirSync(folder, { recursive: true })
  for (const [name, picture] of Object.entries(pictures)) writeFileSync(new URL(name, folder), picture)
  writeFileSync(
    page,
    text.replace(between, (_, before, after) => `${before}\n${markdown}\n\n${after}`),
  )
}
