/**
 * Whether the last digit of a GTIN (8, 12, 13 or 14 digits) checks the others.
 * GS1 General Specifications 7.9, standard check digit calculation.
 */
export const isGtin = (digits: string): boolean =>
  /^(\d{8}|\d{12,14})$/.test(digits) && digits.at(-1) === String(checkDigit(digits.slice(0, -1)))

/**
 * The digit that completes `digits`. They weigh 3, 1, 3, 1 ... from the right; the check digit lifts the sum of the weighed
 * digits to the next multiple of ten.
 */
export function checkDigit(digits: string): number {
  let sum = 0
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48
    sum += place % 2 === 0 ? digit * 3 : digit
  }
  return (10 - (sum % 10)) % 10
}
