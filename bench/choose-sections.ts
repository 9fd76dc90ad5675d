import type { Section } from './section.ts'

export type Choice = {
  readonly run: readonly Section[]
  /** Each with why, for people. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[]
}

/** The sections that are named, or those that run unasked and find what they need. */
export function chooseSections(
  sections: readonly Section[],
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Choice {
  if (names.length > 0) return { run: sections.filter(({ name }) => names.includes(name)), leftOut: [] }
  const run: Section[] = []
  const leftOut: { name: string; why: string }[] = []
  for (const section of sections) {
    const { name, always, needs } = section
    if (!always) leftOut.push({ name, why: `it runs when it is named: npm run bench -- ${name}` })
    else if (needs && !environment[needs])
      leftOut.push({ name, why: `${needs} is absent: npm run engines -- up prints it` })
    else run.push(section)
  }
  return { run, leftOut }
}
