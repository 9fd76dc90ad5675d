import { compile } from 'html-to-text'

/**
 * The text of a piece of HTML: paragraphs and lists as lines, entities as characters; scripts, styles, pictures and every tag are
 * gone. Text without a tag or entity stays as it is. What comes out is plain text, and whoever shows it escapes it.
 */
export function plainText(html: string): string {
  const text = /[<&]/.test(html) ? toText(html) : html
  return (
    text
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll(/[^\S\n]+\n/g, '\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: naming them is the point
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '')
      .trim()
  )
}

const OPTIONS = {
  wordwrap: false,
  limits: { maxDepth: 100, maxInputLength: 1024 * 1024 },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    { selector: 'script', format: 'skip' },
    { selector: 'style', format: 'skip' },
    { selector: 'iframe', format: 'skip' },
    { selector: 'ul', options: { itemPrefix: '- ' } },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
} as const satisfies Parameters<typeof compile>[0]

/** Made once: it costs as much as a long text. */
const toText = compile(OPTIONS)

/** One line of text: breaks are spaces. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** At most so many characters, cut between words; undefined when nothing had to be cut. */
export function shortened(text: string, maxLength: number): string | undefined {
  if (text.length <= maxLength) return undefined
  const cut = text.slice(0, maxLength - 1)
  const space = cut.lastIndexOf(' ')
  // A surrogate pair is not cut in half.
  return `${(space > maxLength / 2 ? cut.slice(0, space) : cut.replace(/[\uD800-\uDBFF]$/, '')).trimEnd()}…`
}
