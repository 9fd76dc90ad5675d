import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Query } from '@stoa/runtime'

/** What is derived from the shop's secrets. The first makes; the others, which it replaces, are still good for reading. */
export type Secrets = {
  /** AES-256-GCM: 12 bytes of nonce, the ciphertext, 16 bytes of tag. `name` is bound to it. */
  readonly seal: (open: { name: string; text: string }) => Buffer
  /** Undefined for what was sealed under an unknown secret or another name. `byFirst`: not under one that is being replaced. */
  readonly open: (sealed: { name: string; sealed: Buffer }) => { text: string; byFirst: boolean } | undefined
  /** 32 bytes for one purpose from each secret. */
  readonly keys: (purpose: string) => readonly [Uint8Array, ...Uint8Array[]]
}

/**
 * The configured secrets; without any, one that is made once and kept in the database. Then whoever can read the database can sign in as
 * anyone: right for a laptop, and no worse than a password file beside it. A shop that is given a secret later still reads what it made
 * before.
 */
export async function openSecrets(query: Query, configured: readonly string[] | undefined): Promise<Secrets> {
  if (!configured)
    await query(`insert into auth.secrets (name, value) values ('default', $1) on conflict do nothing`, [
      randomBytes(32).toString('base64url'),
    ])
  const stored = await query<{ value: string }>(`select value from auth.secrets where name = 'default'`)
  const [first, ...others] = [...(configured ?? []), ...stored.map(({ value }) => value)]
  if (first === undefined) throw new Error('there is no secret')
  return secretsFrom([first, ...others])
}

export function secretsFrom([first, ...others]: readonly [string, ...string[]]): Secrets {
  const keys = (purpose: string) =>
    [derive(first, purpose), ...others.map((secret) => derive(secret, purpose))] as const
  const sealing = keys('signing keys')
  return {
    keys,
    seal: ({ name, text }) => {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealing[0], nonce).setAAD(Buffer.from(name))
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open: (sealed) => {
      for (const [index, key] of sealing.entries()) {
        const text = unseal(key, sealed)
        if (text !== undefined) return { text, byFirst: index === 0 }
      }
      return undefined
    },
  }
}

const derive = (secret: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `stoa auth ${purpose}`, 32))

function unseal(key: Uint8Array, { name, sealed }: { name: string; sealed: Buffer }): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
      .setAAD(Buffer.from(name))
      .setAuthTag(sealed.subarray(-16))
    return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
