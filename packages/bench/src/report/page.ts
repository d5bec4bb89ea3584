import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

/** The measured parts of a page. */
export interface Report {
  /** Markdown by the name of its placeholder. */
  readonly parts: Readonly<Record<string, string>>
  /** SVGs by file name. */
  readonly pictures: Readonly<Record<string, string>>
}

/** Writes the parts into the page and the pictures into the folder of the page's name. Throws if a placeholder is missing. */
export function writeReport(page: URL, { parts, pictures }: Report): void {
  writeFileSync(page, fillPage(readFileSync(page, 'utf8'), parts))
  const folder = new URL(`${page.pathname.replace(/\.md$/, '')}/`, page)
  mkdirSync(folder, { recursive: true })
  for (const [name, picture] of Object.entries(pictures)) writeFileSync(new URL(name, folder), picture)
}

/** Replaces the text between `<!-- name -->` and `<!-- end -->` with the part of that name. */
export function fillPage(page: string, parts: Report['parts']): string {
  let text = page
  for (const [name, part] of Object.entries(parts)) {
    const place = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`)
    if (!place.test(text)) throw new Error(`the page has no <!-- ${name} --> … <!-- end --> to fill`)
    text = text.replace(place, (_, before, after) => `${before}\n${part}\n\n${after}`)
  }
  return text
}
