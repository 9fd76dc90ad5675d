import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SignedRequest, signatureFault } from './signature.ts'

// The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: GET Object.
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
const at = { credentials, region: 'us-east-1', now: new Date('2013-05-24T00:00:00Z') }
const signed = (fields: Partial<SignedRequest> = {}, signature = SIGNATURE): SignedRequest => ({
  method: 'GET',
  url: '/test.txt',
  headers: {
    authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=${signature}`,
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': EMPTY,
    'x-amz-date': '20130524T000000Z',
  },
  body: new Uint8Array(),
  ...fields,
})
const SIGNATURE = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'

describe('a signature', () => {
  test("is right where AWS's own example is", () => {
    assert.equal(signatureFault(signed(), at), undefined)
  })

  test('is of this method, path, query, headers, body, region, key and time alone', () => {
    const { headers } = signed()
    const cases: [string, SignedRequest, Partial<typeof at>?][] = [
      ['SignatureDoesNotMatch', signed({ method: 'DELETE' })],
      ['SignatureDoesNotMatch', signed({ url: '/other.txt' })],
      ['SignatureDoesNotMatch', signed({ url: '/test.txt?acl=' })],
      ['SignatureDoesNotMatch', signed({ headers: { ...headers, range: 'bytes=0-99' } })],
      ['SignatureDoesNotMatch', signed({}, SIGNATURE.replace('f0', 'f1'))],
      ['AccessDenied', signed({ headers: { ...headers, 'x-amz-acl': 'public-read' } })],
      ['AccessDenied', signed({ headers: { host: 'x' } })],
      ['XAmzContentSHA256Mismatch', signed({ body: Buffer.from('other') })],
      ['AuthorizationHeaderMalformed', signed(), { region: 'eu-central-1' }],
      ['AuthorizationHeaderMalformed', signed({ headers: { ...headers, authorization: 'Basic x' } })],
      ['InvalidAccessKeyId', signed(), { credentials: { ...credentials, accessKeyId: 'OTHER' } }],
      ['SignatureDoesNotMatch', signed(), { credentials: { ...credentials, secretAccessKey: 'OTHER' } }],
      ['RequestTimeTooSkewed', signed(), { now: new Date('2013-05-24T00:16:00Z') }],
    ]
    for (const [fault, request, other] of cases)
      assert.equal(signatureFault(request, { ...at, ...other }), fault)
  })
})
