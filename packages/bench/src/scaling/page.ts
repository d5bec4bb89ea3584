/** Puts each table in its place: between `<!-- table: name -->` and `<!-- end -->`. Throws where the page has no such place. */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  let text = page
  for (const [name, table] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- table: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`)
    if (!place.test(text)) throw new Error(`the page has no place for the table '${name}'`)
    text = text.replace(place, (_, before, after) => `${before}\n${table}\n\n${after}`)
  }
  return text
}
