import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { Page, pageInput } from './page.ts'
import { Stale } from './stale.ts'
import { Email, Id, IdempotencyKey, Line, Slug, Timestamp, Token } from './text.ts'

export const User = z.object({
  userId: Id,
  email: z.string(),
  name: z.string().nullable(),
  /** Whether the link in the mail was followed: what belongs to an address is shown only then. */
  emailVerified: z.boolean(),
  role: z.enum(['customer', 'admin', 'support', 'read-only']),
  /** The password is one that was handed out: until it is changed and the session refreshed, its holder may do nothing else. */
  mustChangePassword: z.boolean(),
  createdAt: Timestamp,
})
export type User = z.output<typeof User>

export const Session = z.object({
  /** A JWT (RFC 9068) for `Authorization: Bearer`. */
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresInSeconds: z.int(),
  /** Good for 30 days and for one use; the answer to `refresh` carries the next. */
  refreshToken: z.string(),
  user: User,
})
export type Session = z.output<typeof Session>

/** How long an access token lives: what has to be remembered of a session that ended earlier. */
export const ACCESS_TOKEN_SECONDS = 3_600

/** What an access token says (RFC 9068, and OpenID Connect's names for the address). */
export const AccessTokenClaims = z.object({
  iss: z.string(),
  sub: Id,
  exp: z.int(),
  iat: z.int(),
  /** The session: what `logout` ends. */
  sid: z.string(),
  role: z.enum(['customer', 'admin', 'support', 'read-only']),
  email: z.string(),
  email_verified: z.boolean(),
  /** Grows by each new password and each disabling: a token of an older one is void, but for the session that made the change. */
  credentials_version: z.int().optional(),
  /** Of staff: what each of their operations asks for. */
  permissions: z.array(z.string()).optional(),
  /** Of a customer who is in one: whose prices they have. */
  customer_group: z.string().optional(),
})
export type AccessTokenClaims = z.output<typeof AccessTokenClaims>

const Permission = z
  .string()
  .max(60)
  .regex(/^[a-z]+:[a-z]+$/, 'must be a permission, such as product:read')

/** What a program of the shop's signs in with. Its secret is shown once, when it is issued or rotated. */
export const ApiKey = z.object({
  apiKeyId: Id,
  name: z.string(),
  /** At most these; never more than `issuedBy` has at the time of a call. */
  permissions: z.array(z.string()),
  /** The member of staff who answers for it: who issued it, or rotated it last. Disabling them revokes their keys. */
  issuedBy: Id,
  createdAt: Timestamp,
  /** When its secret was made. */
  rotatedAt: Timestamp,
  expiresAt: Timestamp,
  /** Until when the secret before the last rotation is good, too; null: it is not. */
  previousUntil: Timestamp.nullable(),
  /** To the minute. */
  lastUsedAt: Timestamp.nullable(),
  revokedAt: Timestamp.nullable(),
  version: z.int(),
})
export type ApiKey = z.output<typeof ApiKey>

const ExpiresInDays = z.int().min(1).max(365).default(90)
/** `Authorization: Bearer <secret>`. Nobody can tell it again: what is stored is a digest. */
const IssuedApiKey = z.object({ apiKey: ApiKey, secret: z.string() })
const UnknownApiKey = { status: 404, title: 'There is no such API key.' } as const
const PermissionNotHeld = {
  status: 403,
  title: 'A key cannot hold a permission that you do not have, nor one about API keys.',
  data: z.object({ permissions: z.array(z.string()) }),
} as const

/** Length in characters; bcrypt reads 72 bytes, and a longer password is refused rather than cut. */
const NewPassword = z
  .string()
  .min(10)
  .max(72)
  .refine((text) => new TextEncoder().encode(text).length <= 72, 'must be at most 72 bytes in UTF-8')

const TooManyAttempts = {
  status: 429,
  title: 'Too many attempts. Wait before the next.',
  data: z.object({ retryAfterSeconds: z.int() }),
} as const
const Busy = {
  status: 503,
  title: 'Too many people are signing in right now. Try again in a moment.',
} as const

const UnknownUser = { status: 404, title: 'There is no such account.' } as const
const CustomerGroupOf = z.object({ customerId: Id, customerGroup: z.string().nullable() })

export const auth = contract('auth', {
  register: operation({
    summary: 'Open a customer account',
    method: 'POST',
    path: '/auth/register',
    access: 'public',
    status: 201,
    idempotency: 'natural',
    headers: { idempotencyKey: 'idempotency-key' },
    input: z.strictObject({
      email: Email,
      password: NewPassword,
      name: Line(120).optional(),
      /** A repetition with the same key and password within 24 h is answered with a session again. */
      idempotencyKey: IdempotencyKey,
    }),
    output: Session,
    errors: {
      EMAIL_TAKEN: { status: 409, title: 'There is an account with this address already.' },
      TOO_MANY_ATTEMPTS: TooManyAttempts,
      BUSY: Busy,
    },
  }),
  login: operation({
    summary: 'Sign in with address and password',
    method: 'POST',
    path: '/auth/login',
    access: 'public',
    idempotency: 'none',
    input: z.strictObject({ email: Email, password: z.string().min(1).max(200) }),
    output: Session,
    errors: {
      WRONG_CREDENTIALS: { status: 401, title: 'The address or the password is wrong.' },
      TOO_MANY_ATTEMPTS: TooManyAttempts,
      BUSY: Busy,
    },
  }),
  refresh: operation({
    summary: 'Exchange a refresh token for a new session',
    method: 'POST',
    path: '/auth/refresh',
    access: 'public',
    idempotency: 'none',
    input: z.strictObject({ refreshToken: Token }),
    output: Session,
    errors: {
      INVALID_REFRESH_TOKEN: { status: 401, title: 'Sign in again: this refresh token is not valid.' },
    },
  }),
  logout: operation({
    summary: 'End the session that a refresh token belongs to',
    method: 'POST',
    path: '/auth/logout',
    access: 'public',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ refreshToken: Token }),
    output: z.null(),
  }),
  me: operation({
    summary: 'Who the access token speaks for',
    method: 'GET',
    path: '/auth/me',
    access: 'public',
    input: z.strictObject({}),
    output: User,
    errors: { SIGNED_OUT: { status: 401, title: 'Sign in first.' } },
  }),
  changePassword: operation({
    summary: 'Change the password; all other sessions end',
    method: 'POST',
    path: '/auth/password',
    access: 'public',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ currentPassword: z.string().min(1).max(200), newPassword: NewPassword }),
    output: z.null(),
    errors: {
      SIGNED_OUT: { status: 401, title: 'Sign in first.' },
      WRONG_CREDENTIALS: { status: 403, title: 'The current password is wrong.' },
      TOO_MANY_ATTEMPTS: TooManyAttempts,
      BUSY: Busy,
    },
  }),
  requestPasswordReset: operation({
    summary: 'Ask for a mail that lets the owner of an address set a new password',
    method: 'POST',
    path: '/auth/password-reset',
    access: 'public',
    status: 202,
    idempotency: 'natural',
    input: z.strictObject({ email: Email }),
    /** The same answer, after the same work, whether or not there is an account. */
    output: z.null(),
    errors: { TOO_MANY_ATTEMPTS: TooManyAttempts },
  }),
  resetPassword: operation({
    summary: 'Set a new password with the token from the mail; all sessions end',
    method: 'POST',
    path: '/auth/password-reset/confirm',
    access: 'public',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ token: Token, password: NewPassword }),
    output: z.null(),
    errors: {
      INVALID_TOKEN: { status: 410, title: 'This link was used or has expired. Ask for a new one.' },
      TOO_MANY_ATTEMPTS: TooManyAttempts,
      BUSY: Busy,
    },
  }),
  confirmEmail: operation({
    summary: 'Confirm a mail address with the token from the welcome mail',
    method: 'POST',
    path: '/auth/confirm-email',
    access: 'public',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ token: Token }),
    output: z.null(),
    errors: { INVALID_TOKEN: { status: 410, title: 'This link has expired. Ask for a new one.' } },
  }),
  resendConfirmation: operation({
    summary: 'Send the mail with the confirmation link again',
    method: 'POST',
    path: '/auth/confirm-email/resend',
    access: 'customer',
    status: 202,
    idempotency: 'natural',
    input: z.strictObject({}),
    output: z.null(),
    errors: { TOO_MANY_ATTEMPTS: TooManyAttempts },
  }),
  jwks: operation({
    summary: 'The public keys that verify access tokens (RFC 7517)',
    method: 'GET',
    path: '/auth/jwks',
    access: 'public',
    cache: { seconds: 300 },
    input: z.strictObject({}),
    output: z.object({ keys: z.array(z.record(z.string(), z.string())) }),
  }),
  getCustomerGroup: operation({
    summary: 'The group whose prices a customer has',
    method: 'GET',
    path: '/admin/customers/{customerId}/group',
    access: 'staff',
    permission: 'customer:read',
    input: z.strictObject({ customerId: Id }),
    output: CustomerGroupOf,
    errors: { UNKNOWN_USER: UnknownUser },
  }),
  /** Shows in the customer's session from its next refresh on: within an hour. */
  putCustomerGroup: operation({
    summary: 'Put a customer into a group, or take them out of theirs',
    method: 'PUT',
    path: '/admin/customers/{customerId}/group',
    access: 'staff',
    permission: 'customer:write',
    idempotency: 'natural',
    input: z.strictObject({ customerId: Id, customerGroup: Slug.max(60).nullable() }),
    output: CustomerGroupOf,
    errors: { UNKNOWN_USER: UnknownUser },
  }),
  /** Repeated it issues another key, for the secret of the first is kept nowhere: one whose answer was lost is found in the list and revoked. */
  issueApiKey: operation({
    summary: 'Issue an API key; its secret is answered once',
    method: 'POST',
    path: '/admin/api-keys',
    access: 'staff',
    permission: 'apikey:write',
    status: 201,
    idempotency: 'none',
    responseHeaders: ['etag'],
    input: z.strictObject({
      name: Line(80),
      permissions: z.array(Permission).min(1).max(50),
      expiresInDays: ExpiresInDays,
    }),
    output: IssuedApiKey,
    errors: {
      PERMISSION_NOT_HELD: PermissionNotHeld,
      TOO_MANY_API_KEYS: { status: 409, title: 'The shop has 1,000 API keys in use. Revoke some first.' },
    },
  }),
  listApiKeys: operation({
    summary: 'API keys, newest first, those that are over included',
    method: 'GET',
    path: '/admin/api-keys',
    access: 'staff',
    permission: 'apikey:read',
    input: z.strictObject({ ...pageInput }),
    output: Page(ApiKey),
  }),
  getApiKey: operation({
    summary: 'One API key',
    method: 'GET',
    path: '/admin/api-keys/{apiKeyId}',
    access: 'staff',
    permission: 'apikey:read',
    responseHeaders: ['etag'],
    input: z.strictObject({ apiKeyId: Id }),
    output: ApiKey,
    errors: { UNKNOWN_API_KEY: UnknownApiKey },
  }),
  /** Who rotates it answers for it from then on. */
  rotateApiKey: operation({
    summary: 'Give an API key another secret; the one before stays good for a while',
    method: 'POST',
    path: '/admin/api-keys/{apiKeyId}/rotate',
    access: 'staff',
    permission: 'apikey:write',
    idempotency: 'none',
    headers: { version: 'if-match' },
    responseHeaders: ['etag'],
    input: z.strictObject({
      apiKeyId: Id,
      version: z.int().min(1).max(2_147_483_647),
      /** How long the secret before is good, too, if it does not expire earlier. One from before that ends now. */
      overlapSeconds: z
        .int()
        .min(0)
        .max(7 * 86_400)
        .default(86_400),
      expiresInDays: ExpiresInDays,
    }),
    output: IssuedApiKey,
    errors: {
      UNKNOWN_API_KEY: UnknownApiKey,
      API_KEY_REVOKED: { status: 409, title: 'This API key was revoked. Issue another.' },
      PERMISSION_NOT_HELD: PermissionNotHeld,
      STALE: Stale,
    },
  }),
  /** Without the version that was read: a key that leaked is closed whatever others changed. */
  revokeApiKey: operation({
    summary: 'Revoke an API key, within a second everywhere',
    method: 'DELETE',
    path: '/admin/api-keys/{apiKeyId}',
    access: 'staff',
    permission: 'apikey:write',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ apiKeyId: Id }),
    output: z.null(),
    errors: { UNKNOWN_API_KEY: UnknownApiKey },
  }),
  findApiKey: operation({
    summary: 'Whose API key a secret is',
    method: 'GET',
    path: '/auth/api-key',
    access: 'service',
    /** SHA-256 of the secret, in hexadecimal. */
    input: z.strictObject({ digest: z.string().regex(/^[0-9a-f]{64}$/) }),
    output: z.object({
      /** Null: unknown, expired, revoked, or its issuer is disabled. */
      found: z
        .object({
          apiKeyId: Id,
          issuedBy: Id,
          /** What of its permissions its issuer has now. */
          permissions: z.array(z.string()),
          /** Of this secret. */
          validUntil: Timestamp,
        })
        .nullable(),
    }),
  }),
  noteApiKeyUses: operation({
    summary: 'When API keys were used last',
    method: 'POST',
    path: '/auth/api-key-uses',
    access: 'service',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({
      items: z
        .array(z.strictObject({ apiKeyId: Id, usedAt: Timestamp }))
        .min(1)
        .max(1_000),
    }),
    output: z.null(),
  }),
  /** What a process needs that begins to verify access tokens, or has not heard events for a while. In pages of 5,000. */
  endedAccess: operation({
    summary: 'Sessions that ended, and accounts whose credentials changed, within the last seconds',
    method: 'GET',
    path: '/auth/ended-access',
    access: 'service',
    input: z.strictObject({
      withinSeconds: z.int().min(1).max(7_200),
      after: z.string().min(1).max(200).optional(),
    }),
    output: z.object({
      sessionIds: z.array(z.string()),
      accounts: z.array(
        z.object({ userId: z.string(), credentialsVersion: z.int(), keptSessionId: z.string().nullable() }),
      ),
      next: z.string().nullable(),
    }),
  }),
  apiKeyMailDetails: operation({
    summary: 'Who is to be reminded of which API keys',
    method: 'GET',
    path: '/auth/api-key-mail-details',
    access: 'service',
    input: z.strictObject({ userId: Id }),
    output: z.object({
      email: z.string(),
      name: z.string().nullable(),
      /** In use, with a secret that is 28 days old or older; the oldest first, at most 100. */
      apiKeys: z.array(z.object({ name: z.string(), rotatedAt: Timestamp, expiresAt: Timestamp })),
    }),
    errors: { UNKNOWN_USER: UnknownUser },
  }),
  /** What a mail about an account needs. Tokens are made here, at the moment of sending, and stored nowhere. */
  mailDetails: operation({
    summary: 'Address, name and link token for a mail about an account',
    method: 'GET',
    path: '/auth/mail-details',
    access: 'service',
    input: z.strictObject({
      userId: Id,
      purpose: z.enum(['welcome', 'confirm-email', 'password-reset']),
      /** The request that the mail answers; required for `password-reset`. */
      requestId: Id.optional(),
    }),
    output: z.object({ email: z.string(), name: z.string().nullable(), token: z.string().nullable() }),
    errors: { UNKNOWN_USER: UnknownUser },
  }),
  /** Again for an account that was disabled, or that nobody has used yet: it gets the role and a new one-time password. */
  addStaff: operation({
    summary: 'Give an address a staff account; the password is answered once',
    method: 'POST',
    path: '/auth/staff',
    access: 'service',
    status: 201,
    idempotency: 'natural',
    input: z.strictObject({ email: Email, role: z.enum(['admin', 'support', 'read-only']) }),
    output: z.object({ userId: Id, oneTimePassword: z.string() }),
    errors: {
      EMAIL_TAKEN: { status: 409, title: 'There is an account with this address already.' },
      BUSY: Busy,
    },
  }),
  listStaff: operation({
    summary: 'All staff accounts',
    method: 'GET',
    path: '/auth/staff',
    access: 'service',
    input: z.strictObject({}),
    /** At most 1,000. */
    output: z.object({ items: z.array(User.extend({ disabled: z.boolean() })) }),
  }),
  disableStaff: operation({
    summary: 'Close a staff account and end its sessions',
    method: 'DELETE',
    path: '/auth/staff/{email}',
    access: 'service',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ email: Email }),
    output: z.null(),
    errors: { UNKNOWN_USER: UnknownUser },
  }),
})

export const UserRegistered = event({
  name: 'auth.user-registered',
  version: 1,
  payload: z.object({ userId: Id }),
  key: (e) => e.userId,
})

export const EmailConfirmationRequested = event({
  name: 'auth.email-confirmation-requested',
  version: 1,
  payload: z.object({ userId: Id, requestId: Id }),
  key: (e) => e.userId,
})

export const EmailConfirmed = event({
  name: 'auth.email-confirmed',
  version: 1,
  payload: z.object({ userId: Id }),
  key: (e) => e.userId,
})

export const PasswordResetRequested = event({
  name: 'auth.password-reset-requested',
  version: 1,
  payload: z.object({ userId: Id, requestId: Id }),
  key: (e) => e.userId,
})

/** By logout, or because a refresh token was used by two. Its access tokens are void. */
export const SessionEnded = event({
  name: 'auth.session-ended',
  version: 1,
  payload: z.object({ sessionId: Id, userId: Id }),
  key: (e) => e.userId,
})

/**
 * By a new password, a reset, disabling, or opening a staff account anew: access tokens of an older `credentials_version` are void, but
 * for those of the session that made the change.
 */
export const CredentialsChanged = event({
  name: 'auth.credentials-changed',
  version: 1,
  payload: z.object({ userId: Id, credentialsVersion: z.int(), keptSessionId: Id.nullable() }),
  key: (e) => e.userId,
})

export const ApiKeyRotated = event({
  name: 'auth.api-key-rotated',
  version: 1,
  payload: z.object({ apiKeyId: Id }),
  key: (e) => e.apiKeyId,
})

export const ApiKeyRevoked = event({
  name: 'auth.api-key-revoked',
  version: 1,
  payload: z.object({ apiKeyId: Id }),
  key: (e) => e.apiKeyId,
})

/** Once a month and member of staff, while they answer for a key whose secret is that old. */
export const ApiKeyRotationDue = event({
  name: 'auth.api-key-rotation-due',
  version: 1,
  payload: z.object({ userId: Id }),
  key: (e) => e.userId,
})
