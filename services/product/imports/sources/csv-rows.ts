import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import type { SourceFile } from './bundle.ts'
import { SourceFault } from './source-fault.ts'
import { textOf } from './text.ts'

/** Of one row: a hundred times the longest text that a product may have. */
const MAX_ROW_CHARACTERS = 4 * 1024 * 1024
const MAX_COLUMNS = 1000

export type CsvRecord = { readonly line: number } & (
  | { readonly row: Readonly<Record<string, string>> }
  | { readonly fault: string }
)

/**
 * The rows of a CSV by the names in its first row (RFC 4180, with commas, semicolons or tabs between). A row with more or fewer
 * fields than the first is a fault of its own; a quote that never closes, or a row without end, is the file's.
 */
export async function* csvRows(file: SourceFile): AsyncIterable<CsvRecord> {
  const text = textOf(file)[Symbol.asyncIterator]()
  const { head, done } = await firstRow(text, file.name)
  /** Where the last row ended, and how many empty lines stood before that. */
  let line = 0
  let emptyLines = 0
  const parser = parse({
    delimiter: separatorOf(head),
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    // A quote within an unquoted field is a quote: 17" is a common size.
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
    on_record: (record: string[], { empty_lines }) => {
      const start = line + 1 + empty_lines - emptyLines
      emptyLines = empty_lines
      line = start + record.reduce((sum, field) => sum + breaksIn(field), 0)
      // The library types what comes out as what went in.
      return { start, record } satisfies Parsed as unknown as string[]
    },
  })
  const rest = async function* () {
    yield head
    if (done) return
    for (;;) {
      const next = await text.next()
      if (next.done) return
      // In pieces, so that what the parser holds stays small.
      yield next.value
    }
  }
  const source = Readable.from(rest(), { objectMode: true })
  // A fault of the source ends the parser with it; `pipe` alone would leave it waiting.
  source.once('error', (error) => parser.destroy(error))
  source.pipe(parser)
  let names: string[] | undefined
  try {
    for await (const { record, start } of parser as unknown as AsyncIterable<Parsed>) {
      if (!names) {
        names = namesOf(record, file.name)
        continue
      }
      if (record.length !== names.length) {
        yield { line: start, fault: `has ${record.length} fields; the first row has ${names.length}` }
        continue
      }
      const row: Record<string, string> = {}
      for (let column = 0; column < names.length; column += 1) row[names[column]!] = record[column]!
      yield { line: start, row }
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw new SourceFault({ file: file.name, line: line + 1, reason: csvReason(error) })
    throw error
  } finally {
    source.destroy()
    parser.destroy()
    await text.return?.()
  }
  if (!names) throw new SourceFault({ file: file.name, line: 1, reason: 'is empty' })
}

type Parsed = { readonly start: number; readonly record: string[] }

const breaksIn = (field: string): number => {
  let found = 0
  for (let at = field.indexOf('\n'); at >= 0; at = field.indexOf('\n', at + 1)) found += 1
  return found
}

/** The text up to the end of its first line, and whatever came with it. */
async function firstRow(text: AsyncIterator<string>, file: string): Promise<{ head: string; done: boolean }> {
  let head = ''
  for (;;) {
    const next = await text.next()
    if (next.done) return { head, done: true }
    head += next.value
    if (head.includes('\n') || head.includes('\r')) return { head, done: false }
    if (head.length > MAX_ROW_CHARACTERS)
      throw new SourceFault({ file, line: 1, reason: `is longer than ${MAX_ROW_CHARACTERS} characters` })
  }
}

/** What stands most often between the names. */
function separatorOf(head: string): string {
  const line = head.slice(0, head.search(/[\r\n]|$/))
  const often = [',', ';', '\t'].map((separator) => [separator, line.split(separator).length] as const)
  return often.reduce((best, one) => (one[1] > best[1] ? one : best))[0]
}

function namesOf(record: readonly string[], file: string): string[] {
  if (record.length > MAX_COLUMNS)
    throw new SourceFault({ file, line: 1, reason: `has more than ${MAX_COLUMNS} columns` })
  const names = record.map((name) => name.trim())
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) < index)
  if (twice !== undefined) throw new SourceFault({ file, line: 1, reason: `names the column ${twice} twice` })
  return names
}

function csvReason(error: CsvError): string {
  switch (error.code) {
    case 'CSV_MAX_RECORD_SIZE':
      return `has a row of more than ${MAX_ROW_CHARACTERS} characters`
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'has a quote that is never closed'
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'has text behind a closing quote'
    default:
      return `is not CSV: ${error.message.slice(0, 200)}`
  }
}
