import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A certificate and its key, as PEM texts and as the files that hold them. */
export type Certificate = {
  readonly certificate: string
  readonly key: string
  readonly certificateFile: string
  readonly keyFile: string
}

export type Authority = AsyncDisposable &
  Certificate & {
    /** For servers under these names (`DNS:localhost`, `IP:127.0.0.1`), or for a client of any name. */
    readonly issue: (...names: string[]) => Promise<Certificate>
  }

/** An authority of the test's own, which nobody trusts who is not told to; valid for a day. Needs `openssl` on the path. */
export async function createAuthority(): Promise<Authority> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-authority-'))
  let made = 0
  const make = async (subject: string, ...parameters: string[]): Promise<Certificate> => {
    made += 1
    const certificateFile = join(directory, `${made}.pem`)
    const keyFile = join(directory, `${made}.key.pem`)
    await promisify(execFile)('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
      ],
      ...['-subj', `/CN=${subject}`, '-keyout', keyFile, '-out', certificateFile],
      ...parameters,
    ])
    const [certificate, key] = await Promise.all([
      readFile(certificateFile, 'utf8'),
      readFile(keyFile, 'utf8'),
    ])
    return { certificate, key, certificateFile, keyFile }
  }
  const own = await make('authority of a test')
  return {
    ...own,
    issue: (...names) =>
      make(
        'somebody of a test',
        ...['-CA', own.certificateFile, '-CAkey', own.keyFile],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
        ...(names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : []),
      ),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}
