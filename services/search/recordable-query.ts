/** Characters of a query that is counted; longer ones are pasted texts, and nobody types them twice. */
const MAX_RECORDED = 100

/**
 * A query as it is counted: folded, so that spellings which mean the same are one. Null for what looks like a person's data or a secret
 * and is stored nowhere: a mail address, a telephone or card number, an order's number, a long random word. Barcodes and SKUs stay.
 */
export function recordableQuery(query: string): string | null {
  const folded = query.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim()
  if (folded === '' || folded.length > MAX_RECORDED) return null
  return looksPersonal(folded) ? null : folded
}

/** `query` is folded, at most 100 characters. */
function looksPersonal(query: string): boolean {
  if (/\S@\S/.test(query)) return true
  // Our own order numbers.
  if (/\bs-[0-9a-z]{4}-[0-9a-z]{4}\b/.test(query)) return true
  if (/\S{41,}/.test(query)) return true
  if (/^\+\s?\d|\b00\d{6,}/.test(query)) return true
  // Digits as people write numbers of telephones, cards and accounts. A measure or an article's number is shorter.
  for (const [run] of query.matchAll(/\d(?:[\d ()/.-]{5,}\d)/g)) {
    const digits = run.replaceAll(/\D/g, '')
    if (digits.length >= 9 && !(digits.length === run.length && isBarcode(digits))) return true
  }
  return /\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){3,}/.test(query)
}

/** GS1 General Specifications, 7.9: the last digit of a GTIN checks the others. ISBN-13 is one. */
function isBarcode(digits: string): boolean {
  if (![8, 12, 13, 14].includes(digits.length)) return false
  let sum = 0
  for (let at = 0; at < digits.length - 1; at += 1)
    sum += Number(digits[at]) * ((digits.length - at) % 2 === 0 ? 3 : 1)
  return (10 - (sum % 10)) % 10 === Number(digits.at(-1))
}
