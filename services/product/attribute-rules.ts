import type { FieldError } from '@stoa/contract'
import type { AttributeDefinition, AttributeValue } from '@stoa/contracts/search-document'

/** The part of a definition that says which values are right. */
export type AttributeRule = Pick<AttributeDefinition, 'code' | 'type' | 'allowedValues'>

/** Values of a select that a refusal shows. */
const SHOWN = 10

/** What is wrong with values by code; `at` is where they stand in the input. */
export function attributeFaults(
  values: Readonly<Record<string, AttributeValue | null>>,
  rules: ReadonlyMap<string, AttributeRule>,
  at = 'attributes.',
): FieldError[] {
  const faults: FieldError[] = []
  for (const [code, value] of Object.entries(values)) {
    const rule = rules.get(code)
    if (!rule) faults.push({ field: `${at}${code}`, message: 'is not an attribute' })
    else if (value !== null) {
      const message = valueFault(value, rule)
      if (message) faults.push({ field: `${at}${code}`, message })
    }
  }
  return faults
}

function valueFault(value: AttributeValue, { type, allowedValues }: AttributeRule): string | undefined {
  switch (type) {
    case 'number':
      return typeof value === 'number' ? undefined : 'must be a number'
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    case 'text':
      return typeof value === 'string' && value !== '' ? undefined : 'must be a text'
    case 'select':
      if (typeof value !== 'string' || value === '') return 'must be one value'
      return unknownValue([value], allowedValues)
    case 'multi-select':
      if (!Array.isArray(value) || value.length === 0) return 'must be a list of values'
      if (new Set(value).size < value.length) return 'lists a value twice'
      return unknownValue(value, allowedValues)
  }
}

function unknownValue(values: readonly string[], allowed: readonly string[]): string | undefined {
  if (allowed.length === 0) return undefined
  const stranger = values.find((value) => !allowed.includes(value))
  if (stranger === undefined) return undefined
  return `must be of ${allowed.slice(0, SHOWN).join(', ')}${allowed.length > SHOWN ? ' ...' : ''}`
}

/** A select's values stay what they are when it becomes a text, and the other way round; every other change of type would not. */
export const isCompatible = (from: AttributeRule['type'], to: AttributeRule['type']): boolean =>
  from === to || (from === 'select' && to === 'text') || (from === 'text' && to === 'select')
