import { greeting, type Mail, paragraph, type Shop, shopLink } from '../mail.ts'

export const passwordReset = ({ name, token }: { name: string | null; token: string }, shop: Shop): Mail => ({
  subject: `Set a new password for ${shop.name}`,
  blocks: [
    greeting(name),
    paragraph('Here is the link to set a new password. It works once, and only for a short time.'),
    { kind: 'button', label: 'Set a new password', url: shopLink(shop, '/reset-password', { token }) },
    paragraph('When you use it, you are signed out everywhere else.'),
  ],
  why: 'You get this mail because a new password was asked for. If it was not you, do nothing: your password stays as it is.',
})
