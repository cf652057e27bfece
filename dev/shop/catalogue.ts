/** What the shop sells: article number, name, price in euros. */
export const products = [
  { sku: 'LMP-0114', name: 'Oak desk lamp', price: '89.00' },
  { sku: 'LMP-0209', name: 'Paper pendant lamp, 45 cm', price: '39.90' },
  { sku: 'CHR-0032', name: 'Rattan armchair', price: '249.00' },
  { sku: 'TBL-0018', name: 'Round walnut coffee table', price: '329.00' },
  { sku: 'RUG-0071', name: 'Wool rug, 140 × 200 cm', price: '179.50' },
  { sku: 'CSH-0150', name: 'Linen cushion cover, ochre', price: '24.95' },
  { sku: 'BLK-0043', name: 'Merino blanket', price: '74.90' },
  { sku: 'VAS-0096', name: 'Stoneware vase', price: '32.50' },
  { sku: 'MUG-0201', name: 'Espresso cups, set of four', price: '27.80' },
  { sku: 'CND-0012', name: 'Beeswax candle', price: '12.99' },
] as const;

/** Pages on which visits begin. */
export const pages = [
  '/',
  '/lamps/oak-desk-lamp',
  '/chairs/rattan-armchair',
  '/rugs',
  '/sale/winter',
  '/journal/how-to-light-a-small-room',
] as const;

/** Powerspace campaigns. */
export const campaigns = ['winter-sale', 'new-lamps', 'living-room-retargeting'] as const;

/** Where a visit comes from; utm as in LandingPageVisited. */
interface Source {
  readonly utm: Readonly<
    Record<'source' | 'medium' | 'campaign' | 'content', string | null>
  > | null;
  readonly referrer: string | null;
}

/** Where the visits come from that no Powerspace click brought. */
export const otherSources: readonly [Source, ...Source[]] = [
  { utm: null, referrer: null },
  { utm: null, referrer: 'https://www.google.com/' },
  { utm: null, referrer: 'https://duckduckgo.com/' },
  {
    utm: { source: 'newsletter', medium: 'email', campaign: 'week-47', content: null },
    referrer: null,
  },
  {
    utm: { source: 'instagram', medium: 'social', campaign: null, content: 'story' },
    referrer: 'https://l.instagram.com/',
  },
];

/** Pages of publishers on which Powerspace's advertisements stand. */
export const publishers = [
  'https://news.example.net/economy',
  'https://weather.example.org/',
  'https://recipes.example.net/soups',
] as const;

/** Countries, the languages of their pages, and how often they occur. */
export const locales = ['fr-FR', 'fr-FR', 'fr-FR', 'de-DE', 'it-IT', 'es-ES', 'fr-BE'] as const;
export const devices = ['MOBILE', 'MOBILE', 'DESKTOP', 'DESKTOP', 'TABLET'] as const;
export const signUpMethods = ['EMAIL', 'EMAIL', 'GOOGLE', 'APPLE'] as const;
export const foreignCurrencies = ['CHF', 'GBP', 'USD'] as const;
