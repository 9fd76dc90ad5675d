import type { Art } from './art.ts'

/** What the studio can draw of one kind of thing. */
export type Thing = {
  /** How it may look: in a picture's address one word of each list, in this order. */
  readonly looks: readonly (readonly string[])[]
  /** How many colours it takes. */
  readonly colours: number
  readonly view: 'standing' | 'lying'
  /** How much larger than drawn, so that it fills the picture; about a point of the picture. */
  readonly zoom: readonly [by: number, x: number, y: number]
  draw(art: Art, colours: readonly string[], looks: readonly string[]): string
}

type Colours<Count> = Count extends 1
  ? readonly [string]
  : Count extends 2
    ? readonly [string, string]
    : readonly [string, string, string]

/** `draw` gets as many colours and words as are declared. */
export function thing<const Looks extends readonly (readonly string[])[], const Count extends 1 | 2 | 3>(
  declared: {
    readonly looks: Looks
    readonly colours: Count
    readonly view?: Thing['view']
    readonly zoom?: Thing['zoom']
  },
  draw: (
    art: Art,
    colours: Colours<Count>,
    looks: { readonly [At in keyof Looks]: Looks[At][number] },
  ) => string,
): Thing {
  return {
    ...declared,
    view: declared.view ?? 'standing',
    zoom: declared.zoom ?? [1, 600, 600],
    draw: draw as unknown as Thing['draw'],
  }
}
