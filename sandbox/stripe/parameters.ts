import { CURRENCIES } from './currencies.ts'
import type { FormTree, FormValue } from './form.ts'
import { invalidRequest } from './stripe-error.ts'

/**
 * What a parameter may be. `unsettable` ones may be given as an empty string, which the API reads as
 * "forget it" and `readParameters` answers as `null`. An `opaque` one is documented, accepted and not acted
 * upon; an `unserved` one would move money or consent in a way that this sandbox cannot, so it is refused.
 */
export type Rule =
  | { is: 'integer'; min?: number; max?: number; unsettable?: true }
  | { is: 'string'; maxLength?: number; unsettable?: true }
  | { is: 'email'; unsettable?: true }
  | { is: 'url' }
  | { is: 'currency' }
  | { is: 'boolean' }
  | { is: 'choice'; of: readonly string[]; unsettable?: true }
  | { is: 'metadata' }
  | { is: 'object'; fields: Rules; required?: readonly string[]; unsettable?: true }
  | { is: 'list'; of: Rule; unsettable?: true }
  | { is: 'opaque' }
  | { is: 'unserved' }

export type Rules = Record<string, Rule>

type ValueOf<R> = R extends { is: 'integer' }
  ? number
  : R extends { is: 'string' | 'email' | 'url' | 'currency' }
    ? string
    : R extends { is: 'boolean' }
      ? boolean
      : R extends { is: 'choice'; of: readonly (infer C)[] }
        ? C
        : R extends { is: 'metadata' }
          ? Record<string, string> | null
          : R extends { is: 'object'; fields: infer F }
            ? Values<F>
            : R extends { is: 'list'; of: infer I }
              ? ValueOf<I>[]
              : unknown

type Nullable<R> = R extends { unsettable: true } ? null : never

export type Values<RS> = { [K in keyof RS]?: ValueOf<RS[K]> | Nullable<RS[K]> }

/** Limits of https://docs.stripe.com/api/metadata */
const METADATA_KEYS = 50
const METADATA_KEY_LENGTH = 40
const METADATA_VALUE_LENGTH = 500

const STRING_LENGTH = 5000

/** The endpoint's parameters, checked in the order in which Stripe complains: unknown ones, then missing, then wrong ones. */
export function readParameters<const RS extends Rules>(
  form: FormTree,
  rules: RS,
  required: readonly (keyof RS & string)[] = [],
): Values<RS> {
  return readObject({ value: form, rules, required, path: '' }) as Values<RS>
}

type At<V> = { value: V; path: string }

function readObject({
  value,
  rules,
  required,
  path,
}: At<FormTree> & { rules: Rules; required: readonly string[] }): Record<string, unknown> {
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(rules, name))
  if (unknown.length > 0) {
    const names = unknown.map((name) => join(path, name))
    const what = names.length === 1 ? 'unknown parameter' : 'unknown parameters'
    throw invalidRequest({
      code: 'parameter_unknown',
      message: `Received ${what}: ${names.join(', ')}`,
      param: names[0] ?? '',
    })
  }
  for (const name of required) {
    if (value[name] === undefined) {
      const param = join(path, name)
      throw invalidRequest({ code: 'parameter_missing', message: `Missing required param: ${param}.`, param })
    }
  }
  const result: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(value)) {
    result[name] = readValue({ value: given, rule: rules[name] ?? { is: 'opaque' }, path: join(path, name) })
  }
  return result
}

function readValue({ value, rule, path }: At<FormValue> & { rule: Rule }): unknown {
  if (rule.is === 'opaque') return value
  if (rule.is === 'unserved')
    throw invalidRequest({ message: `The sandbox does not serve ${path}.`, param: path })
  if (value === '') {
    if (rule.is === 'metadata') return null
    if ('unsettable' in rule) return null
    const message = `You passed an empty string for '${path}'. We assume empty values are an attempt to unset a parameter; however '${path}' cannot be unset. You should remove '${path}' from your request or supply a non-empty value.`
    throw invalidRequest({ code: 'parameter_invalid_empty', message, param: path })
  }
  switch (rule.is) {
    case 'metadata':
      return readMetadata({ value, path })
    case 'object':
      if (typeof value === 'string') throw invalidRequest({ message: 'Invalid object', param: path })
      return readObject({ value, rules: rule.fields, required: rule.required ?? [], path })
    case 'list':
      if (typeof value === 'string') throw invalidRequest({ message: 'Invalid array', param: path })
      return Object.values(value).map((item, index) =>
        readValue({ value: item, rule: rule.of, path: `${path}[${index}]` }),
      )
    default:
      if (typeof value !== 'string') {
        throw invalidRequest({ message: `Invalid string: ${JSON.stringify(value)}`, param: path })
      }
      return readScalar({ value, rule, path })
  }
}

type ScalarRule = Exclude<Rule, { is: 'metadata' | 'object' | 'list' | 'opaque' | 'unserved' }>

function readScalar({ value, rule, path }: At<string> & { rule: ScalarRule }): string | number | boolean {
  switch (rule.is) {
    case 'integer':
      return readInteger({ value, path, min: rule.min, max: rule.max })
    case 'boolean':
      if (value !== 'true' && value !== 'false') {
        throw invalidRequest({ message: `Invalid boolean: ${value}`, param: path })
      }
      return value === 'true'
    case 'choice':
      if (!rule.of.includes(value)) {
        throw invalidRequest({ message: `Invalid ${path}: must be one of ${oneOf(rule.of)}`, param: path })
      }
      return value
    case 'currency': {
      const currency = value.toLowerCase()
      if (!CURRENCIES.includes(currency)) {
        const message = `Invalid currency: ${currency}. Stripe currently supports these currencies: ${CURRENCIES.join(', ')}`
        throw invalidRequest({ message, param: path })
      }
      return currency
    }
    case 'email':
      if (value.length > 800 || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) {
        throw invalidRequest({
          code: 'email_invalid',
          message: `Invalid email address: ${value}`,
          param: path,
        })
      }
      return value
    case 'url':
      if (!isReturnable(value))
        throw invalidRequest({ code: 'url_invalid', message: 'Not a valid URL', param: path })
      return value
    case 'string': {
      const maxLength = rule.maxLength ?? STRING_LENGTH
      if (value.length > maxLength) {
        const message = `Invalid string: ${value.slice(0, 20)}...; must be at most ${maxLength} characters`
        throw invalidRequest({ message, param: path })
      }
      return value
    }
  }
}

function readInteger({
  value,
  path,
  min,
  max,
}: At<string> & { min: number | undefined; max: number | undefined }): number {
  const number = Number(value)
  const refuse = (message: string) =>
    invalidRequest({ code: 'parameter_invalid_integer', message, param: path })
  if (!/^-?\d{1,16}$/.test(value) || !Number.isSafeInteger(number)) throw refuse(`Invalid integer: ${value}`)
  if (min !== undefined && number < min) throw refuse(`This value must be greater than or equal to ${min}.`)
  if (max !== undefined && number > max) throw refuse(`This value must be less than or equal to ${max}.`)
  return number
}

/** An empty value unsets that key; it is kept here as `''` for the one who merges. */
function readMetadata({ value, path }: At<FormValue>): Record<string, string> {
  const refuse = (message: string, param: string) => invalidRequest({ message, param })
  if (typeof value === 'string') throw refuse('Invalid object', path)
  const entries = Object.entries(value)
  if (entries.length > METADATA_KEYS) {
    throw refuse(`You can only specify up to ${METADATA_KEYS} metadata keys.`, path)
  }
  const metadata: Record<string, string> = {}
  for (const [key, text] of entries) {
    const param = join(path, key)
    if (typeof text !== 'string') throw refuse('Metadata values must be strings.', param)
    if (key.length > METADATA_KEY_LENGTH) {
      throw refuse(
        `Metadata keys can have up to ${METADATA_KEY_LENGTH} characters, but you passed in a key that is ${key.length} characters. Invalid key: ${key}`,
        param,
      )
    }
    if (text.length > METADATA_VALUE_LENGTH) {
      throw refuse(
        `Metadata values can have up to ${METADATA_VALUE_LENGTH} characters, but you passed in a value that is ${text.length} characters. Invalid value: ${text}`,
        param,
      )
    }
    metadata[key] = text
  }
  return metadata
}

/** Web pages and app schemes; nothing that a browser would run. */
function isReturnable(value: string): boolean {
  if (value.length > STRING_LENGTH || !URL.canParse(value)) return false
  return !['javascript:', 'data:', 'vbscript:', 'blob:', 'file:'].includes(new URL(value).protocol)
}

function oneOf(choices: readonly string[]): string {
  if (choices.length < 3) return choices.join(' or ')
  return `${choices.slice(0, -1).join(', ')}, or ${choices.at(-1)}`
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}[${name}]`
}
