import { formatDate } from '../format-date.ts'
import { greeting, type Mail, paragraph, type Shop } from '../mail.ts'

type Reminder = {
  readonly name: string | null
  readonly apiKeys: readonly {
    readonly name: string
    readonly rotatedAt: string
    readonly expiresAt: string
  }[]
}

export const apiKeyRotation = ({ name, apiKeys }: Reminder, shop: Shop): Mail => ({
  subject: `API keys of ${shop.name} to be rotated`,
  blocks: [
    greeting(name),
    paragraph(
      'These API keys have had the same secret for a month or longer. Rotate those that are in use, and revoke the others.',
    ),
    {
      kind: 'facts',
      facts: apiKeys.map(({ name, rotatedAt, expiresAt }) => ({
        label: name,
        lines: [`Secret of ${formatDate(rotatedAt)}`, `Expires on ${formatDate(expiresAt)}`],
      })),
    },
    paragraph('When a key is rotated, the secret before stays good for a day, unless you choose otherwise.'),
  ],
  why: 'You get this mail once a month because you answer for these keys.',
})
