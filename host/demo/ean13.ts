/** Twelve digits and the one that checks them: weights 1 and 3 in turn (GS1 General Specifications 7.9). */
export function ean13(first12: string): string {
  const sum = [...first12].reduce(
    (total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 1 : 3),
    0,
  )
  return first12 + ((10 - (sum % 10)) % 10)
}
