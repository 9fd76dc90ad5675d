import type { RequestOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import { articles } from './catalogue.ts'

type Review = RequestOf<typeof product.operations.seedReviews>['items'][number]

const authors = [
  'Lena K.',
  'Tom',
  'Marta R.',
  'J. Okafor',
  'Anneke',
  'Paul W.',
  'Sofia',
  'Jonas B.',
  'Claire D.',
  'Emre',
  'Hanna',
  'Ruth S.',
  'Oskar',
  'Priya N.',
  'Felix',
  'Ingrid',
  'Marek',
  'Alice T.',
  'Bruno',
  'Yuki',
  'Carla M.',
  'David',
  'Nora H.',
  'Sam',
  'Elif',
  'Greta',
  'Matteo',
  'Judith P.',
  'Ben',
  'Ida',
]

/** Titles and texts that may be said of anything, by stars. */
const anything: Readonly<Record<number, readonly (readonly [title: string, text: string])[]>> = {
  5: [
    [
      'Exactly as pictured',
      'The colour is the one in the picture, which is rarer than it should be. Packed in paper, too.',
    ],
    ['Bought a second one', 'The first was a present and I was sorry to let it go. Now I have my own.'],
    [
      'Worth the price',
      'I hesitated for a month over the price. Two months later I have stopped thinking about it.',
    ],
    [
      'Very pleased',
      'Arrived in two days, well packed. It feels better made than I expected from the photos.',
    ],
    ['Daily use since spring', 'In use every day for half a year and looks as if it had come this morning.'],
    ['A good present', 'My sister rang to say thank you twice. That has not happened before.'],
    ['Simple and right', 'No gimmicks, nothing to assemble, nothing that rattles. More of this, please.'],
    ['Helpful people', 'I had a question about the size and got an answer from a person within the hour.'],
  ],
  4: [
    [
      'Good, with one wish',
      'Does all it should. A little smaller than I had imagined, so do look at the measurements.',
    ],
    ['Nearly perfect', 'I would give four and a half. The colour is a touch darker than on my screen.'],
    ['Solid', 'Well made and pleasant to use. Delivery took a day longer than promised.'],
    ['Would buy again', 'Took a week to get used to, and now I would not want the old one back.'],
    ['Lovely, needs some care', 'You have to read the care card and mean it. Then it is a pleasure.'],
    ['Good value on sale', 'Bought it reduced. At that price there is nothing to add.'],
  ],
  3: [
    [
      'All right',
      'It is fine. I had hoped for something a little more special after reading the description.',
    ],
    ['Mixed feelings', 'Looks beautiful, but I notice that I still reach for the old one.'],
    ['Smaller than expected', 'My fault for not measuring. It is well made, only not for my place.'],
    ['Good, but the parcel was not', 'The box arrived dented. Nothing was broken, but it could have been.'],
  ],
  2: [
    ['Not for me', 'The material feels different from what I expected. Sending it back was easy, at least.'],
    ['Expected more', 'After a few weeks it shows more wear than it should at this price.'],
  ],
  1: [
    [
      'Arrived broken',
      'Came with a crack. The replacement is on its way, and I shall change the stars if it is whole.',
    ],
  ],
}

/** What is said of the goods of one kind: by the article's category, the nearest first. */
const particular: Readonly<
  Record<string, readonly (readonly [stars: number, title: string, text: string])[]>
> = {
  lighting: [
    [5, 'Warm light', 'The light is warm without being yellow. I read longer than I should.'],
    [4, 'Short cable', 'Beautiful lamp. The cable could be half a metre longer for old houses.'],
    [5, 'Evening corner', 'It has turned the dullest corner of the room into the one we fight over.'],
  ],
  textiles: [
    [5, 'So soft', 'The cat had decided before I had unpacked it.'],
    [4, 'Sheds a little', 'Sheds in the first week, then stops. Wonderful weight.'],
    [3, 'Shrank', 'Lost two centimetres in the first wash, although I kept to the label.'],
  ],
  furniture: [
    [
      5,
      'Real wood',
      'It smells of wood, not of glue. Assembly took twenty minutes with a friend and a beer.',
    ],
    [4, 'Heavy', 'Have somebody help you on the stairs. Once up, it stands like a rock.'],
  ],
  cookware: [
    [5, 'Nothing sticks', 'Eggs slide. I have given away two others.'],
    [5, 'Heavy in the right way', 'Keeps its heat and makes supper look intentional.'],
    [3, 'Needs attention', 'Rusts if you leave it wet for an hour. I know, I was told.'],
  ],
  tableware: [
    [5, 'Every one different', 'You can see that hands were involved. They survive our dishwasher, too.'],
    [4, 'One chip', 'One had a tiny chip under the foot, and was replaced without questions.'],
  ],
  'coffee-and-tea': [
    [5, 'Mornings are better', 'It has slowed my mornings by four minutes, and they were missing.'],
    [4, 'Does not drip', 'Pours cleanly. I only wish there were a larger one.'],
  ],
  coffee: [
    [5, 'Third bag', 'Fresh, dated, and it blooms like anything. We are on the third bag.'],
    [3, 'Too light for me', 'Very fruity. I now know that I like it darker.'],
  ],
  tea: [
    [5, 'Proper leaves', 'Whole leaves and not dust. The second infusion is the better one.'],
    [4, 'Good tin', 'The tea is lovely, and the tin will outlive me.'],
  ],
  chocolate: [
    [5, 'Gone', 'I cannot say much about how it keeps.'],
    [4, 'Not too sweet', 'Dark, clean, a bit of fruit. Shared it reluctantly.'],
  ],
  paper: [
    [5, 'No bleeding', 'Fountain pen ink stays on its side of the page. Lies flat as promised.'],
    [4, 'More pages please', 'I fill one in two months. A thicker one would be welcome.'],
  ],
  audio: [
    [5, 'Comfortable for hours', 'I forget that I am wearing them, including once at the door.'],
    [4, 'No app, hurrah', 'Works without registering anywhere. The bass could be a little drier.'],
    [2, 'Loses the connection', 'Drops out near our microwave oven. Support was kind but could not help.'],
  ],
  computing: [
    [5, 'Quiet at last', 'My colleagues thanked me. The keys have just enough resistance.'],
    [4, 'Heavy, good', 'Does not move a millimetre on the desk.'],
  ],
  tops: [
    [5, 'Keeps its shape', 'Ten washes in and the collar is still flat.'],
    [4, 'Runs large', 'I took one size down and it fits. Thick cotton.'],
    [3, 'Colour faded', 'A bit paler after the summer. Still comfortable.'],
  ],
  knitwear: [
    [5, 'Warm without weight', 'I wear it from October to April and it has not lost its shape.'],
    [4, 'A bit scratchy', 'Scratchy for a day or two, then lovely.'],
  ],
  outerwear: [
    [5, 'Dry', 'Three hours of Scottish rain and a dry shirt. Nothing to add.'],
    [4, 'Good hood', 'The hood moves with the head. The sleeves are a little long.'],
  ],
  shoes: [
    [5, 'No blisters', 'Walked eight kilometres on the first day without a plaster.'],
    [3, 'Narrow', 'Well made but narrow; I have exchanged them for the next size.'],
  ],
  backpacks: [
    [5, 'Holds everything', 'Laptop, lunch, gym things and a loaf. The straps do not cut in.'],
    [4, 'Stiff at first', 'The fabric is stiff for a fortnight and then beautiful.'],
  ],
  leather: [
    [5, 'Ages well', 'A year in the back pocket and it looks better than new.'],
    [4, 'Tight at first', 'The cards sit tightly in the beginning; that gives.'],
  ],
  plants: [
    [5, 'Arrived healthy', 'Packed like a crown jewel, and already a new leaf.'],
    [
      3,
      'Smaller than the picture',
      'Healthy, but it has some growing to do before it looks like the picture.',
    ],
  ],
  'pots-and-seeds': [
    [5, 'Everything came up', 'Sown in April, eaten in July. Nearly every seed came up.'],
    [4, 'Frost-proof so far', 'Out on the balcony for its second winter, no cracks.'],
  ],
  'garden-tools': [
    [5, 'Sharp', 'Cuts cleanly and comes apart for sharpening. My grandfather would have approved.'],
  ],
  soap: [
    [5, 'Gentle', 'My skin has stopped complaining. Lasts for weeks.'],
    [4, 'Faint scent', 'The scent is fainter than I thought, which I have come to like.'],
  ],
  'soft-toys': [
    [
      5,
      'Inseparable',
      'Has not been out of her arms since Tuesday and has survived the washing machine twice.',
    ],
    [5, 'Well sewn', 'The eyes are embroidered, which matters with a small one about.'],
  ],
  'wooden-toys': [
    [5, 'Indestructible', 'Thrown down the stairs daily. The stairs are worse off.'],
    [4, 'Beautiful', 'No splinters, no smell of paint. A few more pieces would be nice.'],
  ],
  camping: [
    [5, 'Four nights of rain', 'Four nights of rain on the coast and everything stayed dry.'],
    [4, 'Packs small', 'Goes back into its bag at the first try, which is a small miracle.'],
  ],
  bottles: [
    [5, 'Still hot at tea-time', 'Filled at seven, still hot at five. Does not leak.'],
    [4, 'Dented, still fine', 'Fell off a wall, has a dent, still works.'],
  ],
  cycling: [
    [5, 'Fits and stays', 'Mounted in two minutes and has not moved since.'],
    [4, 'Well thought out', 'Small clever details. The screws could be stainless.'],
  ],
  yoga: [[5, 'Good grip', 'No slipping, no smell. Rolls out flat at once.']],
}

const NOW_MS = Date.UTC(2026, 10, 20, 9)
const DAY_MS = 86_400_000

/** Of two thirds of the goods one to seven reviews each, the same on every machine, over the last year and a half. */
export function demoReviews(slugOf: (code: string) => string): Review[] {
  return articles.flatMap((article) => {
    let state = article.no * 2_654_435_761
    const draw = (below: number) => {
      state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0
      return (state >>> 8) % below
    }
    const count = draw(3) === 0 ? 0 : 1 + draw(6) + (draw(5) === 0 ? 1 : 0)
    const own = article.in.flatMap((slug) => particular[slug] ?? []).slice(0, 4)
    const said = new Set<string>()
    const names = new Set<string>()
    return Array.from({ length: count }, (_, at): Review[] => {
      const particularOne = own[draw(own.length + 2)]
      const stars = particularOne?.[0] ?? [5, 5, 5, 4, 5, 4, 4, 3, 5, 2, 4, 5, 3, 1, 5, 4][draw(16)]!
      const pool = anything[stars]!
      const [title, text] = particularOne ? [particularOne[1], particularOne[2]] : pool[draw(pool.length)]!
      const author = authors[draw(authors.length)]!
      if (said.has(text) || names.has(author)) return []
      said.add(text)
      names.add(author)
      const createdAt = new Date(
        NOW_MS - (at * 60 + draw(150) + 1) * DAY_MS - draw(86_400) * 1000,
      ).toISOString()
      return [
        { productSlug: slugOf(article.code), author, stars, title, text, createdAt, verified: draw(4) > 0 },
      ]
    }).flat()
  })
}
