import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

// Signature Version 4 as S3 checks it, in the Authorization header:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

export type SignedRequest = {
  readonly method: string
  /** Path and query as they were sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }

/** S3's code for what is wrong with a signature. */
export type SignatureFault =
  | 'AccessDenied'
  | 'AuthorizationHeaderMalformed'
  | 'InvalidAccessKeyId'
  | 'RequestTimeTooSkewed'
  | 'SignatureDoesNotMatch'
  | 'XAmzContentSHA256Mismatch'

const MAX_SKEW_MS = 15 * 60 * 1000

/** Undefined when the owner of the credentials has sent exactly this, now, to this region. */
export function signatureFault(
  request: SignedRequest,
  { credentials, region, now }: { credentials: Credentials; region: string; now: Date },
): SignatureFault | undefined {
  const { authorization } = request.headers
  if (authorization === undefined) return 'AccessDenied'
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
  if (!parts) return 'AuthorizationHeaderMalformed'
  const [, accessKeyId, day, signedRegion, names, signature] = parts as unknown as [string, ...string[]]
  if (accessKeyId !== credentials.accessKeyId) return 'InvalidAccessKeyId'
  const time = header(request, 'x-amz-date')
  const sentAt = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (signedRegion !== region || Number.isNaN(sentAt) || !time.startsWith(day!))
    return 'AuthorizationHeaderMalformed'
  if (Math.abs(now.getTime() - sentAt) > MAX_SKEW_MS) return 'RequestTimeTooSkewed'

  const signed = names!.split(';')
  const mustSign = Object.keys(request.headers).filter((name) => name === 'host' || name.startsWith('x-amz-'))
  if (!mustSign.every((name) => signed.includes(name))) return 'AccessDenied'
  const payload = header(request, 'x-amz-content-sha256')
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(request.body)) return 'XAmzContentSHA256Mismatch'

  const scope = `${day}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonicalRequest(request, signed, payload))].join(
    '\n',
  )
  const key = [day!, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  )
  const isRight = timingSafeEqual(Buffer.from(signature!, 'hex'), hmac(key, text))
  return isRight ? undefined : 'SignatureDoesNotMatch'
}

function canonicalRequest(request: SignedRequest, signed: readonly string[], payload: string): string {
  const [path = '/', query = ''] = request.url.split(/\?(.*)/s)
  const parameters = query
    .split('&')
    .filter(Boolean)
    .map((pair) => pair.split(/=(.*)/s).map(decodeURIComponent))
    .map(([name, value = '']) => `${encode(name!)}=${encode(value)}`)
    .sort()
  return [
    request.method,
    path.split('/').map(decodeURIComponent).map(encode).join('/'),
    parameters.join('&'),
    ...signed.map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}`),
    '',
    signed.join(';'),
    payload,
  ].join('\n')
}

/** RFC 3986: everything but unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const header = ({ headers }: SignedRequest, name: string): string => [headers[name] ?? ''].flat().join(',')
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
