import { type Block, greeting, type Mail, paragraph, type Shop, shopLink } from '../mail.ts'

export const welcome = (
  { name, token }: { name: string | null; token: string | null },
  shop: Shop,
): Mail => ({
  subject: `Welcome to ${shop.name}`,
  blocks: [
    greeting(name),
    paragraph(`Your account at ${shop.name} is open.`),
    ...(token === null ? [] : confirmation(token, shop)),
  ],
  why: `You get this mail because an account was opened with this address. If it was not you, do nothing: without the confirmation it shows nothing of yours.`,
})

/** How to confirm an address: by the link, or by hand with the token that is in it. */
export const confirmation = (token: string, shop: Shop): Block[] => [
  paragraph(
    'Please confirm that this address is yours. Orders that you placed with it as a guest appear in your account then.',
  ),
  { kind: 'button', label: 'Confirm your address', url: shopLink(shop, '/confirm-email', { token }) },
]
