import type { SourceFile } from './bundle.ts'
import { SourceFault } from './source-fault.ts'
import { textOf } from './text.ts'

/** Of one element's text: fifty times the longest that was seen. */
const MAX_ELEMENT_CHARACTERS = 4 * 1024 * 1024

export type JsonRecord = { readonly line: number } & (
  | { readonly value: unknown }
  | { readonly fault: string }
)

/**
 * The elements of a JSON array, one by one, so that a file of any size is read in the memory of its largest element. Only the
 * brackets are followed here; `JSON.parse` reads each element. One that it refuses is a fault of its own; brackets that do not
 * close are the file's.
 */
export async function* jsonArray(file: SourceFile): AsyncIterable<JsonRecord> {
  const fault = (line: number, reason: string) => new SourceFault({ file: file.name, line, reason })
  let line = 1
  let place: 'before' | 'element' | 'between' | 'after' = 'before'
  let depth = 0
  let inString = false
  let escaped = false
  let element = ''
  let elementLine = 1
  let hasElement = false
  let expectsElement = false

  for await (const text of textOf(file)) {
    let start = 0
    const finish = (end: number): JsonRecord => {
      const source = element + text.slice(start, end)
      element = ''
      hasElement = false
      try {
        return { line: elementLine, value: JSON.parse(source) as unknown }
      } catch (error) {
        return { line: elementLine, fault: `is not JSON: ${(error as Error).message.slice(0, 200)}` }
      }
    }
    for (let at = 0; at < text.length; at += 1) {
      if (inString) {
        if (escaped) {
          escaped = false
          continue
        }
        // Most of a file is text: it is jumped over, from quote to quote.
        const quote = text.indexOf('"', at)
        const end = quote < 0 ? text.length : quote
        let slashes = 0
        for (let back = end - 1; back >= at && text.charCodeAt(back) === 92; back -= 1) slashes += 1
        at = end
        if (quote < 0) escaped = slashes % 2 === 1
        else if (slashes % 2 === 0) inString = false
        continue
      }
      const code = text.charCodeAt(at)
      if (code === 10) line += 1
      const isSpace = code === 32 || code === 10 || code === 13 || code === 9
      if (place === 'before') {
        if (isSpace) continue
        if (code !== 91) throw fault(line, 'is not a JSON array: it does not begin with [')
        place = 'between'
        continue
      }
      if (place === 'after') {
        if (!isSpace) throw fault(line, 'has text after the end of its array')
        continue
      }
      if (place === 'between') {
        if (isSpace) continue
        if (code === 93 && !expectsElement) {
          place = 'after'
          continue
        }
        if (code === 44 || code === 93 || code === 125 || code === 58)
          throw fault(line, `has ${text[at]} where an element should begin`)
        place = 'element'
        start = at
        elementLine = line
        hasElement = true
      }
      if (code === 34) inString = true
      else if (code === 123 || code === 91) depth += 1
      else if (depth > 0 && (code === 125 || code === 93)) depth -= 1
      else if (depth === 0 && code === 125) throw fault(line, 'has a } that nothing opens')
      else if (depth === 0 && (code === 44 || code === 93)) {
        yield finish(at)
        place = code === 44 ? 'between' : 'after'
        expectsElement = code === 44
      }
    }
    if (hasElement) {
      element += text.slice(start)
      if (element.length > MAX_ELEMENT_CHARACTERS)
        throw fault(elementLine, `has a record of more than ${MAX_ELEMENT_CHARACTERS} characters`)
    }
  }
  if (place === 'before') throw fault(line, 'is empty')
  if (place !== 'after') throw fault(line, 'ends in the middle: its array is not closed')
}
