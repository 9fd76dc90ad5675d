import { randomInt } from 'node:crypto'

/** Crockford's base 32: no I, L, O, U, so that nothing is taken for something else when it is read out. https://www.crockford.com/base32.html */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const BASE = ALPHABET.length
const RANDOM_DIGITS = 7

/**
 * A new number: `S-7K3M-92QX`. 35 random bits, so that numbers say nothing about each other or about how many there are, and a
 * digit that checks them. The database says whether it is taken.
 */
export function newOrderNumber(): string {
  const digits = Array.from({ length: RANDOM_DIGITS }, () => randomInt(BASE))
  return format([...digits, checkDigit(digits)])
}

/**
 * The number as it is stored, of what somebody typed: any case, with or without `S` and hyphens, O for 0, I or L for 1.
 * Undefined when it cannot be one: every single wrong digit, and nearly every swap of neighbours, is noticed.
 */
export function readOrderNumber(typed: string): string | undefined {
  const plain = typed.toUpperCase().replaceAll(/[\s\-–_.]/g, '')
  // `S` is a digit too: it is the prefix only where there is one digit too many.
  const digits = plain.length === RANDOM_DIGITS + 2 && plain.startsWith('S') ? plain.slice(1) : plain
  const values = [...digits.replaceAll('O', '0').replaceAll(/[IL]/g, '1')].map((digit) =>
    ALPHABET.indexOf(digit),
  )
  if (values.length !== RANDOM_DIGITS + 1 || values.includes(-1)) return undefined
  return checkDigit(values.slice(0, -1)) === values.at(-1) ? format(values) : undefined
}

function format(values: readonly number[]): string {
  const text = values.map((value) => ALPHABET[value]).join('')
  return `S-${text.slice(0, 4)}-${text.slice(4)}`
}

/** Luhn's algorithm in base 32 (https://en.wikipedia.org/wiki/Luhn_mod_N_algorithm). */
function checkDigit(values: readonly number[]): number {
  const sum = values.toReversed().reduce((total, value, index) => {
    const addend = value * (index % 2 === 0 ? 2 : 1)
    return total + Math.floor(addend / BASE) + (addend % BASE)
  }, 0)
  return (BASE - (sum % BASE)) % BASE
}
