// Rows of text as a table: in columns for a terminal, or in Markdown.

export type TableFormat = 'table' | 'markdown'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
}

const markdownText = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** A line for the titles, one below it, and one for each row; no line ends in a blank. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], format: TableFormat): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)))
  const titles = columns.map(({ title }) => title)
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  )
  const rule = widths.map((width) => '-'.repeat(format === 'markdown' ? 3 : width))
  const lines = [titles, rule, ...cells].map((line) => {
    if (format === 'markdown') return `| ${line.map(markdownText).join(' | ')} |`
    return line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  })
  return `${lines.join('\n')}\n`
}
