/** A Markdown table with aligned columns: first `texts` columns of text to the left, then figures to the right. */
export function toMarkdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { texts = 1 }: { readonly texts?: number } = {},
): string {
  const widths = header.map((_, column) =>
    Math.max(3, ...[header, ...rows].map((cells) => cells[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const pad = (cells: readonly string[]) =>
    line(
      widths.map((width, column) => {
        const cell = cells[column] ?? ''
        return column < texts ? cell.padEnd(width) : cell.padStart(width)
      }),
    )
  const rule = widths.map((width, column) =>
    column < texts ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [pad(header), line(rule), ...rows.map(pad)].join('\n')
}
