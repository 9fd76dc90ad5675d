import { randomUUID } from 'node:crypto'
import { ACCESS_TOKEN_SECONDS, type Session } from '@stoa/contracts/auth'
import { SignJWT } from 'jose'
import type { Context } from './context.ts'
import { permissionsOf } from './permissions.ts'
import { toUser, type UserRow } from './users.ts'

/** What registration, login and refresh answer: an access token for an hour, and the refresh token for the next. */
export async function answerSession(
  { user, sessionId, refreshToken }: { user: UserRow; sessionId: string; refreshToken: string },
  ctx: Context,
): Promise<Session> {
  return {
    accessToken: await signAccessToken({ user, sessionId }, ctx),
    tokenType: 'Bearer',
    expiresInSeconds: ACCESS_TOKEN_SECONDS,
    refreshToken,
    user: toUser(user),
  }
}

/** A JWT as RFC 9068 has it; its claims are `AccessTokenClaims` of the contract. */
async function signAccessToken(
  { user, sessionId }: { user: UserRow; sessionId: string },
  { resources, config, now }: Context,
): Promise<string> {
  const { kid, privateKey } = await resources.signingKeys.current()
  const issuedAt = Math.floor(now().getTime() / 1000)
  const permissions = permissionsOf(user)
  return new SignJWT({
    sid: sessionId,
    role: user.role,
    email: user.email,
    email_verified: user.emailVerified,
    credentials_version: user.credentialsVersion,
    ...(permissions && { permissions }),
    ...(user.customerGroup !== null && { customer_group: user.customerGroup }),
    // RFC 9068 wants to know which client asked; there is one, the shop.
    client_id: config.issuer,
  })
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'at+jwt' })
    .setIssuer(config.issuer)
    .setAudience(config.issuer)
    .setSubject(user.userId)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
    .sign(privateKey)
}
