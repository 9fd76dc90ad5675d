import type { Operation } from '@stoa/contract'
import { auth } from '@stoa/contracts/auth'
import { order } from '@stoa/contracts/order'
import { type ConfigSpec, type Handler, type ServiceContext, setting } from '@stoa/runtime'
import { z } from 'zod'
import type { Smtp } from './channels/smtp.ts'

export const needs = { auth, order }

export const DEFAULT_MAIL_FROM = 'orders@shop.example'

export const config = {
  smtpUrl: setting(
    'SMTP_URL',
    z.url({ protocol: /^smtps?$/ }).default('smtp://127.0.0.1:8025'),
    'The mail server: smtp://user:password@host:port, or smtps:// for TLS from the first byte',
  ),
  mailFrom: setting('MAIL_FROM', z.email().default(DEFAULT_MAIL_FROM), 'The address that mails come from'),
  shopName: setting(
    'SHOP_NAME',
    z.string().trim().min(1).max(80).default('Stoa'),
    'What the shop calls itself in mails',
  ),
  shopUrl: setting('SHOP_URL', z.url().default('http://localhost:8080'), 'Where links in mails lead'),
} as const satisfies ConfigSpec

export type Resources = { readonly smtp: Smtp } & AsyncDisposable
/** All SQL is hand-written, in `notifications.ts`. */
export type Tables = Readonly<Record<never, never>>
export type Context = ServiceContext<Tables, typeof needs, typeof config, Resources>
export type Handles<O extends Operation> = Handler<O, Context>
