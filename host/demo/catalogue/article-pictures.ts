import type { Article } from './article.ts'

/** The photo studio's address of a variant's picture: braces of the article's `picture` filled from the options. */
export function pictureOf(
  { picture, shows = {} }: Article,
  options: Readonly<Record<string, string>>,
): string {
  const filled = picture.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = options[name]!
    return shows[value] ?? value.toLowerCase()
  })
  return `/pictures/${filled}.webp`
}

/** Options that can be seen in the picture. */
export const seenOptions = ({ picture }: Article): readonly string[] => [
  ...new Set([...picture.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)),
]
