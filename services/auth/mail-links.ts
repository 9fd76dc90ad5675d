import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Secrets } from './secrets.ts'

/** What a link in a mail entitles to. Whoever has the token reads the mailbox. */
export type MailLink =
  | { readonly purpose: 'confirm-email'; readonly userId: string }
  | { readonly purpose: 'password-reset'; readonly userId: string; readonly requestId: string }

export type MailLinks = {
  readonly sign: (link: MailLink, now: Date) => Promise<string>
  /** Undefined for what is forged, expired or made for something else. */
  readonly read: <P extends MailLink['purpose']>(
    token: string,
    purpose: P,
    now: Date,
  ) => Promise<Extract<MailLink, { purpose: P }> | undefined>
}

/** From the moment of sending: a mail server that was away costs nobody their link. */
const LIFE_SECONDS = { 'confirm-email': 7 * 86_400, 'password-reset': 3_600 }
const TYPE = 'stoa-mail-link+jwt'

/** Tokens that are stored nowhere: a JWT under a key derived from the shop's secrets, for one purpose (its audience). */
export function openMailLinks(secrets: Secrets): MailLinks {
  const keys = secrets.keys('mail links')
  return {
    sign: (link, now) => {
      const issuedAt = Math.floor(now.getTime() / 1000)
      return new SignJWT(link.purpose === 'password-reset' ? { jti: link.requestId } : {})
        .setProtectedHeader({ alg: 'HS256', typ: TYPE })
        .setAudience(link.purpose)
        .setSubject(link.userId)
        .setExpirationTime(issuedAt + LIFE_SECONDS[link.purpose])
        .sign(keys[0])
    },
    read: async (token, purpose, now) => {
      for (const key of keys) {
        const payload = await verified(token, { key, purpose, now })
        if (payload) return { purpose, userId: payload.sub, requestId: payload.jti } as never
      }
      return undefined
    },
  }
}

async function verified(
  token: string,
  { key, purpose, now }: { key: Uint8Array; purpose: MailLink['purpose']; now: Date },
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      typ: TYPE,
      audience: purpose,
      currentDate: now,
      requiredClaims: purpose === 'password-reset' ? ['sub', 'exp', 'jti'] : ['sub', 'exp'],
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}
