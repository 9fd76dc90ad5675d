/** Slug, name and a sentence; those below it. */
type Root = readonly [slug: string, name: string, text: string, below: Readonly<Record<string, string>>]

export const categoryTree: readonly Root[] = [
  [
    'home',
    'Home',
    'Light, warmth and something to sit on.',
    {
      lighting: 'Lighting',
      textiles: 'Textiles',
      decoration: 'Decoration',
      furniture: 'Furniture',
      storage: 'Storage',
    },
  ],
  [
    'kitchen',
    'Kitchen',
    'For those who cook, and those who lay the table.',
    {
      cookware: 'Cookware',
      tableware: 'Tableware',
      'coffee-and-tea': 'Coffee and tea',
      'kitchen-storage': 'Jars and storage',
    },
  ],
  [
    'pantry',
    'Pantry',
    'Coffee, tea, chocolate and what keeps well on a shelf.',
    { coffee: 'Coffee', tea: 'Tea', chocolate: 'Chocolate', larder: 'Larder', 'gifts-food': 'To give away' },
  ],
  [
    'desk',
    'Desk',
    'Paper, pens and a place for each of them.',
    { paper: 'Paper and pens', organisers: 'Organisers' },
  ],
  [
    'electronics',
    'Sound and tech',
    'Things with a plug that respect you.',
    { audio: 'Sound', computing: 'Keyboards and mice', power: 'Power' },
  ],
  [
    'clothing',
    'Clothing',
    'Made to be worn out slowly.',
    {
      tops: 'T-shirts and tops',
      knitwear: 'Knitwear',
      shirts: 'Shirts',
      outerwear: 'Jackets',
      trousers: 'Trousers and skirts',
      shoes: 'Shoes',
      accessories: 'Accessories',
    },
  ],
  [
    'bags',
    'Bags',
    'To the market, to work, to the sea.',
    {
      totes: 'Totes',
      backpacks: 'Backpacks',
      travel: 'Travel',
      'small-bags': 'Pouches and slings',
      leather: 'Small leather',
    },
  ],
  [
    'garden',
    'Garden',
    'For one window sill or one acre.',
    {
      'pots-and-seeds': 'Pots and seeds',
      plants: 'Plants',
      'garden-tools': 'Garden tools',
      wildlife: 'Birds and bees',
    },
  ],
  [
    'bath',
    'Bath',
    'Soap, steam and thick towels.',
    { towels: 'Towels', soap: 'Soap and wash', care: 'Care', brushes: 'Brushes and sponges' },
  ],
  [
    'kids',
    'Kids',
    'Toys that outlive their first owner.',
    {
      'soft-toys': 'Soft toys',
      'wooden-toys': 'Wooden toys',
      baby: 'Baby',
      music: 'Music',
      games: 'Games and puzzles',
      'play-outside': 'Play outside',
    },
  ],
  [
    'outdoor',
    'Outdoor',
    'Everything for a night away from walls.',
    { camping: 'Camping', hiking: 'Hiking', bottles: 'Bottles and flasks' },
  ],
  [
    'sport',
    'Sport',
    'On two wheels or on one mat.',
    { cycling: 'Cycling', training: 'Training', yoga: 'Yoga' },
  ],
]
