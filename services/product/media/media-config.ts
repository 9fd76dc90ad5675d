import { type ConfigOf, type ConfigSpec, setting } from '@stoa/runtime'
import { z } from 'zod'

export const mediaConfig = {
  mediaDirectory: setting(
    'MEDIA_DIRECTORY',
    z.string().default('.data/media'),
    'Where pictures lie when no S3_URL is set. All processes of the product service share it.',
  ),
  s3Url: setting(
    'S3_URL',
    z.url({ protocol: /^(https?|s3)$/ }).optional(),
    'The bucket for pictures at S3 or what speaks its protocol: s3://<bucket>, or the endpoint with the bucket as its path. Absent: files under MEDIA_DIRECTORY.',
  ),
  s3Region: setting('S3_REGION', z.string().min(1).default('us-east-1'), "The region of S3_URL's bucket."),
  awsAccessKeyId: setting('AWS_ACCESS_KEY_ID', z.string().optional(), 'The key of S3_URL.'),
  awsSecretAccessKey: setting('AWS_SECRET_ACCESS_KEY', z.string().optional(), 'The secret of S3_URL.'),
  awsSessionToken: setting(
    'AWS_SESSION_TOKEN',
    z.string().optional(),
    'The token of S3_URL, with temporary credentials.',
  ),
  mediaSources: setting(
    'MEDIA_SOURCES',
    z
      .string()
      .default('http://127.0.0.1:8090')
      .transform((text) =>
        text
          .split(',')
          .map((part) => part.trim())
          .filter(Boolean),
      )
      .pipe(z.array(z.url({ protocol: /^https?$/ }).transform((url) => new URL(url).origin))),
    'Origins that pictures may be fetched from although their addresses are private, by comma. Default: the sandbox. Public addresses need not be named.',
  ),
} as const satisfies ConfigSpec

export type MediaConfig = ConfigOf<typeof mediaConfig>
