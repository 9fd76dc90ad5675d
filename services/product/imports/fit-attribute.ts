import type { AttributeValue } from '@stoa/contracts/search-document'
import type { Definition } from './item.ts'

/** A value as its attribute's definition wants it, when nothing is lost by that; else undefined. */
export function fitAttribute(
  value: AttributeValue,
  definition: Pick<Definition, 'type'>,
): AttributeValue | undefined {
  switch (definition.type) {
    case 'number': {
      const text = single(value)
      if (typeof value === 'number') return value
      return text !== undefined && /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined
    }
    case 'boolean': {
      if (typeof value === 'boolean') return value
      const text = single(value)?.toLowerCase()
      return text === 'yes' || text === 'true' ? true : text === 'no' || text === 'false' ? false : undefined
    }
    case 'select':
      return lineOf(single(value))
    case 'multi-select':
      return Array.isArray(value) ? value : lineOf(single(value)) === undefined ? undefined : [single(value)!]
    case 'text':
      return Array.isArray(value) ? value.join(', ') : String(value)
  }
}

/** The one value in words. */
function single(value: AttributeValue): string | undefined {
  if (Array.isArray(value)) return value.length === 1 ? value[0] : undefined
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  return String(value)
}

/** A choice is one line of at most 200 characters. */
const lineOf = (text: string | undefined): string | undefined =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming them is the point
  text !== undefined && text.length <= 200 && text !== '' && !/[\u0000-\u001f\u007f]/.test(text)
    ? text
    : undefined
