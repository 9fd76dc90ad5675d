import { parseArgs } from 'node:util'
import auth from '@stoa/auth'
import { Rejection } from '@stoa/contract'
import { auth as contract } from '@stoa/contracts/auth'
import { createLogger, startHost } from '@stoa/runtime'
import { openShopDatabase } from './database.ts'
import { wakeShop } from './wake-shop.ts'

const USAGE = `npm run staff -- add <email> --role admin|support|read-only   prints a one-time password
npm run staff -- list                                         shows who has an account
npm run staff -- disable <email>                              closes an account and ends its sessions`

const ROLES = ['admin', 'support', 'read-only'] as const

/** `npm run staff`: calls the auth service in this process, without a port. Works while the shop runs, and while it does not. */
const { command, email, role } = readArguments()
const database = await openShopDatabase(process.env, console.error)
try {
  await using host = await startHost({
    services: [auth],
    environment: { ...process.env, DATABASE_URL: database.url },
    logger: createLogger('warn', process.stderr),
    background: false,
  })
  const accounts = host.client(contract, {
    via: 'staff-command',
    actor: { kind: 'service', name: 'staff-command' },
  })
  if (command === 'add') {
    const { oneTimePassword } = await accounts.addStaff({ email, role })
    console.log(`${email} is ${role}. The password works until its owner sets another, which is the first`)
    console.log(
      'thing to do (POST /v1/auth/login, then POST /v1/auth/password); until then it opens nothing:',
    )
    console.log(`\n  ${oneTimePassword}\n`)
  } else if (command === 'disable') {
    await accounts.disableStaff({ email })
    await wakeShop(host)
    console.log(`${email} is disabled. In a shop that runs, access tokens and API keys end within a second.`)
  } else {
    const { items } = await accounts.listStaff({})
    for (const one of items) {
      const state = one.disabled ? 'disabled' : one.mustChangePassword ? 'has not signed in yet' : 'active'
      console.log(`${one.email}  ${one.role}  ${state}  since ${one.createdAt.slice(0, 10)}`)
    }
    if (items.length === 0) console.log('There is no staff account yet.')
  }
} catch (error) {
  if (!(error instanceof Rejection)) throw error
  console.error(explain(error))
  process.exitCode = 1
} finally {
  await database.stop()
}

function readArguments(): {
  command: string
  email: string
  role: (typeof ROLES)[number]
} {
  const { positionals, values } = parse()
  const [command = '', email = '', ...rest] = positionals
  const role = ROLES.find((one) => one === values.role)
  const fits =
    rest.length === 0 &&
    ((command === 'add' && email !== '' && role !== undefined) ||
      (command === 'disable' && email !== '' && values.role === undefined) ||
      (command === 'list' && email === '' && values.role === undefined))
  if (!fits) {
    console.error(USAGE)
    process.exit(2)
  }
  return { command, email, role: role ?? 'read-only' }
}

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: { role: { type: 'string' } } })
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

function explain({ code, data }: Rejection): string {
  const { fields = [] } = (data ?? {}) as { fields?: { field: string; message: string }[] }
  const reasons = fields.map(({ field, message }) => `${field}: ${message}`)
  const operations = [contract.operations.addStaff, contract.operations.disableStaff]
  const declared = operations.flatMap(({ errors }) => Object.entries(errors))
  const title = declared.find(([name]) => name === code)?.[1].title
  return [...reasons, ...(title ? [title] : [])].join('\n') || code
}
