import { type ConfigSpec, PostgresUrl, setting } from '@stoa/runtime'
import { z } from 'zod'

/** What the composition root itself reads. */
export const hostConfig = {
  services: setting(
    'SERVICES',
    z.string().optional(),
    'The services of this process, by comma. Absent: all. Each other one is called at its `<SERVICE>_URL`.',
  ),
  databaseUrl: setting(
    'DATABASE_URL',
    PostgresUrl.optional(),
    'The PostgreSQL server. Absent: the embedded one under `.data/`.',
  ),
  dataDirectory: setting(
    'DATA_DIRECTORY',
    z.string().default('.data'),
    'Where the embedded PostgreSQL and the sandbox keep their data.',
  ),
  demoCatalogue: setting(
    'DEMO_CATALOGUE',
    z.enum(['on', 'off']).optional(),
    'Whether an empty shop is filled with the demonstration catalogue. Default: on with the embedded PostgreSQL, else off.',
  ),
  stripeUrl: setting(
    'STRIPE_URL',
    z.string().optional(),
    'Absent: the sandbox is started and takes the payments.',
  ),
  smtpUrl: setting('SMTP_URL', z.string().optional(), 'Absent: the sandbox is started and takes the mail.'),
  sandboxPort: setting(
    'SANDBOX_PORT',
    z.coerce.number().int().min(0).max(65535).default(8090),
    "The sandbox's port; another when it is taken.",
  ),
  sandboxSmtpPort: setting(
    'SANDBOX_SMTP_PORT',
    z.coerce.number().int().min(0).max(65535).default(8025),
    "The sandbox's SMTP port; another when it is taken.",
  ),
  port: setting('PORT', z.coerce.number().int().min(0).max(65535).default(8080), 'The public port.'),
  logLevel: setting(
    'LOG_LEVEL',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    'The least severe log line that is written.',
  ),
} as const satisfies ConfigSpec
