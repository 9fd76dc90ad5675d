/** A slug may have 120 characters; the rest is room for what makes it unique. */
const MAX_LENGTH = 100

/** Letters that lose their sound, not only an accent, when they are decomposed. */
const LETTERS: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  å: 'a',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
}

/** Lower-case words joined by hyphens. A name without one Latin letter or digit becomes `fallback`. */
export function slugify(name: string, fallback: string): string {
  const words = name
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/\P{ASCII}/gu, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replaceAll(/[\p{M}'’]/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LENGTH)
    .replaceAll(/^-+|-+$/g, '')
  return words === '' || looksLikeId(words) ? fallback : words
}

/** `desk`, or `desk-2`, `desk-3` ... when those before are taken. */
export function freeSlug(base: string, taken: { has(slug: string): boolean }): string {
  if (!taken.has(base)) return base
  for (let number = 2; ; number += 1) {
    const slug = `${base}-${number}`
    if (!taken.has(slug)) return slug
  }
}

/** A product is read by id or slug at the same address, so that a slug may not look like an id. */
export const looksLikeId = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
