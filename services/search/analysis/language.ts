import snowball from 'snowball-stemmers'
import * as stopword from 'stopword'
import type { Language } from '../engines/engine.ts'

/** What a language makes of a word. Words are folded (`fold`) before they come here. */
export type Words = {
  readonly stem: (word: string) => string
  readonly isStopword: (word: string) => boolean
}

/** Stems are remembered: a catalogue says the same 50,000 words again and again. */
const REMEMBERED = 50_000

const languages: Record<Language, { readonly snowball: string; readonly stopwords: readonly string[] }> = {
  da: { snowball: 'danish', stopwords: stopword.dan },
  de: { snowball: 'german', stopwords: stopword.deu },
  en: { snowball: 'english', stopwords: [...stopword.eng, 'without'] },
  es: { snowball: 'spanish', stopwords: stopword.spa },
  fi: { snowball: 'finnish', stopwords: stopword.fin },
  fr: { snowball: 'french', stopwords: stopword.fra },
  hu: { snowball: 'hungarian', stopwords: stopword.hun },
  it: { snowball: 'italian', stopwords: stopword.ita },
  nl: { snowball: 'dutch', stopwords: stopword.nld },
  no: { snowball: 'norwegian', stopwords: stopword.nob },
  pt: { snowball: 'portuguese', stopwords: stopword.por },
  ro: { snowball: 'romanian', stopwords: stopword.ron },
  ru: { snowball: 'russian', stopwords: stopword.rus },
  sv: { snowball: 'swedish', stopwords: stopword.swe },
  tr: { snowball: 'turkish', stopwords: stopword.tur },
}

export function wordsOf(language: Language): Words {
  const { snowball: algorithm, stopwords } = languages[language]
  const stemmer = snowball.newStemmer(algorithm)
  const stops = new Set(stopwords.map(fold).filter((word) => word.length > 1 || language !== 'en'))
  const stems = new Map<string, string>()
  return {
    isStopword: (word) => stops.has(word),
    stem: (word) => {
      // A word with a digit is a code or a measure: it has no endings. Short words lose more than they gain.
      if (word.length < 4 || /\d/.test(word)) return word
      const known = stems.get(word)
      if (known !== undefined) return known
      const stem = stemmer.stem(word)
      if (stems.size >= REMEMBERED) stems.clear()
      stems.set(word, stem)
      return stem
    },
  }
}

/** Lower case without accents, ligatures and width: what two spellings of a word have in common. */
export function fold(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII needs no normalising, and most text is
  if (/^[\x00-\x7f]*$/.test(text)) return withoutSlash(text.toLowerCase())
  const folded = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/æ/g, 'ae')
    .replace(/ø/g, 'o')
    .replace(/œ/g, 'oe')
    .replace(/ı/g, 'i')
    .replace(/[‐-―−]/g, '-')
    .replace(/[“”„‟″]/g, '"')
    .replace(/[‘’‚‛′]/g, "'")
  return withoutSlash(folded)
}

/** `w/ fan`, `w/o fan`: what a product has or goes with, as catalogues in English write it; not the watts of `5 W/m`. */
function withoutSlash(text: string): string {
  if (!text.includes('w/')) return text
  return text.replace(/(?<![\p{L}\p{N}]|\d )w\/(o(?=\s)|(?=\s?\p{L}))/gu, (_, out) =>
    out ? 'without' : 'with ',
  )
}
