import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Query } from '@stoa/runtime'

/** What is derived from the shop's secret. */
export type Secret = {
  /** AES-256-GCM: 12 bytes of nonce, the ciphertext, 16 bytes of tag. `name` is bound to it. */
  readonly seal: (sealed: { name: string; text: string }) => Buffer
  /** Undefined for what was sealed under another secret or another name. */
  readonly open: (sealed: { name: string; sealed: Buffer }) => string | undefined
  /** 32 bytes for one purpose. */
  readonly key: (purpose: string) => Uint8Array
}

/**
 * The configured secret; without one, one that is made once and kept in the database. Then whoever can read the database can sign in as
 * anyone: right for a laptop, and no worse than a password file beside it.
 */
export async function openSecret(query: Query, configured: string | undefined): Promise<Secret> {
  return secretFrom(configured ?? (await storedSecret(query)))
}

async function storedSecret(query: Query): Promise<string> {
  await query(`insert into auth.secrets (name, value) values ('default', $1) on conflict do nothing`, [
    randomBytes(32).toString('base64url'),
  ])
  const [row] = await query<{ value: string }>(`select value from auth.secrets where name = 'default'`)
  return row!.value
}

export function secretFrom(text: string): Secret {
  const key = (purpose: string) => new Uint8Array(hkdfSync('sha256', text, '', `stoa auth ${purpose}`, 32))
  const sealing = key('signing keys')
  return {
    key,
    seal: ({ name, text }) => {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(name))
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open: ({ name, sealed }) => {
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealing, sealed.subarray(0, 12))
          .setAAD(Buffer.from(name))
          .setAuthTag(sealed.subarray(-16))
        return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
      } catch {
        return undefined
      }
    },
  }
}
