import type { Operation } from '@stoa/contract'
import { type ConfigSpec, type Handler, type ServiceContext, setting } from '@stoa/runtime'
import { z } from 'zod'
import type { MailLinks } from './mail-links.ts'
import type { PasswordHashing } from './password-hashing.ts'
import type { SigningKeys } from './signing-keys.ts'

export const needs = {}

const count = (byDefault: number) => z.coerce.number().int().min(1).max(1_000_000).default(byDefault)

export const config = {
  issuer: setting(
    'AUTH_ISSUER',
    z.string().min(1).max(200).default('stoa'),
    'Issuer and audience of access tokens.',
  ),
  secret: setting(
    'AUTH_SECRET',
    z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .pipe(z.array(z.string().min(32, 'must have at least 32 characters')))
      .optional(),
    'Seals the signing keys in the database and signs the links in mails; the same for all replicas. Absent: one is made and kept in the database itself. To replace it, set the new and the old one, separated by a comma, for 31 days.',
  ),
  loginFailuresPerAccount: setting(
    'AUTH_LOGIN_FAILURES_PER_ACCOUNT',
    count(10),
    'Wrong passwords for one account within 15 minutes.',
  ),
  loginFailuresPerIp: setting(
    'AUTH_LOGIN_FAILURES_PER_IP',
    count(100),
    'Wrong passwords from one IP address (IPv6: /64) within 15 minutes.',
  ),
  registrationsPerEmail: setting(
    'AUTH_REGISTRATIONS_PER_EMAIL',
    count(5),
    'Registrations that are tried with one mail address within an hour.',
  ),
  registrationsPerIp: setting(
    'AUTH_REGISTRATIONS_PER_IP',
    count(100),
    'Registrations from one IP address within an hour.',
  ),
  mailsPerEmail: setting(
    'AUTH_MAILS_PER_EMAIL',
    count(5),
    'Mails with a link that are asked for one address within an hour.',
  ),
  mailsPerIp: setting(
    'AUTH_MAILS_PER_IP',
    count(50),
    'Mails with a link that are asked for from one IP address within an hour, and reset links that are tried.',
  ),
  hashesWaiting: setting(
    'AUTH_HASHES_WAITING',
    z.coerce.number().int().min(0).max(1_000).default(50),
    'Passwords that may wait for a core, at most 5 s each; one more is answered BUSY. 50 is 4 s on two cores.',
  ),
} as const satisfies ConfigSpec

export type Resources = {
  readonly hashing: PasswordHashing
  readonly signingKeys: SigningKeys
  readonly mailLinks: MailLinks
} & AsyncDisposable

/** All SQL is hand-written, beside what it is about. */
export type Tables = Readonly<Record<never, never>>
export type Context = ServiceContext<Tables, typeof needs, typeof config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>
