import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

/** What a page shows of what was measured. */
export interface Report {
  /** By the name of their place on the page. */
  readonly parts: Readonly<Record<string, string>>
  /** SVGs by file name. */
  readonly pictures: Readonly<Record<string, string>>
}

/** Puts the parts into the page, and the pictures into a folder beside it. Throws where the page has no place for a part. */
export function writeReport(page: URL, { parts, pictures }: Report): void {
  writeFileSync(page, fill(readFileSync(page, 'utf8'), parts))
  const folder = new URL(`${page.pathname.replace(/\.md$/, '')}/`, page)
  mkdirSync(folder, { recursive: true })
  for (const [name, picture] of Object.entries(pictures)) writeFileSync(new URL(name, folder), picture)
}

/** The page with each part in its place: between `<!-- name -->` and `<!-- end -->`. */
export function fill(page: string, parts: Report['parts']): string {
  let text = page
  for (const [name, part] of Object.entries(parts)) {
    const place = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`)
    if (!place.test(text)) throw new Error(`the page has no <!-- ${name} --> … <!-- end --> to fill`)
    text = text.replace(place, (_, before, after) => `${before}\n${part}\n\n${after}`)
  }
  return text
}
