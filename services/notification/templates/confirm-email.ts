import { greeting, type Mail, type Shop } from '../mail.ts'
import { confirmation } from './welcome.ts'

export const confirmEmail = ({ name, token }: { name: string | null; token: string }, shop: Shop): Mail => ({
  subject: `Confirm your address for ${shop.name}`,
  blocks: [greeting(name), ...confirmation(token, shop)],
  why: 'You get this mail because the link was asked for. If it was not you, do nothing.',
})
