import { z } from 'zod'
import { Line } from './text.ts'

/** Field names of schema.org's PostalAddress where it has them. */
export const Address = z.strictObject({
  name: Line(120),
  company: Line(120).optional(),
  street: Line(200),
  street2: Line(200).optional(),
  city: Line(100),
  /** State, province or county, where the country's post uses it. */
  region: Line(100).optional(),
  postalCode: Line(20).optional(),
  /** ISO 3166-1 alpha-2. */
  country: z.string().regex(/^[A-Z]{2}$/, 'must be a two-letter ISO 3166 code'),
  phone: Line(40).optional(),
})
export type Address = z.output<typeof Address>
