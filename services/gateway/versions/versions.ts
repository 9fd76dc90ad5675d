import type { Contract, Operation, Rejection } from '@stoa/contract'
import { published } from '../published.ts'
import { refundInV2 } from './refund-in-v2.ts'

export const API_VERSIONS = ['v1', 'v2'] as const
export type ApiVersion = (typeof API_VERSIONS)[number]

/**
 * How a version shows an operation otherwise than its service serves it. Pure functions: a service has one contract and hears of no version. What
 * they are given has been checked against the shape that they are written for.
 */
export type Change = {
  readonly contract: Contract
  readonly toService: (input: Readonly<Record<string, unknown>>) => Record<string, unknown>
  /** Absent: the answer is the service's. */
  readonly fromService?: (output: unknown) => unknown
  /** Puts the data of a refusal into this version's words. */
  readonly refusal?: (rejection: Rejection) => Rejection
}

/** What a version has, and asks its callers to leave. */
export type Deprecation = {
  /** One sentence. */
  readonly why: string
  readonly since: Date
  /** From then on it may be gone. */
  readonly sunset: Date
  readonly successor: ApiVersion
}

type Named<T> = Readonly<Record<string, T>>

/** From which version on which operation has another shape: `<service>.<operation>`. A version has all of the one before, but for these. */
const CHANGES: Readonly<Record<ApiVersion, Named<Change>>> = {
  v1: {},
  v2: { 'payment.refund': refundInV2 },
}

const DEPRECATED: Readonly<Record<ApiVersion, Named<Deprecation>>> = {
  v1: {
    'payment.refund': {
      why: 'its amount has no currency. Version 2 takes an amount with one, and refuses any but the payment’s.',
      since: new Date('2026-11-29T00:00:00Z'),
      sunset: new Date('2027-11-30T00:00:00Z'),
      successor: 'v2',
    },
  },
  v2: {},
}

/** One operation as one version shows it. */
export type PublicOperation = {
  readonly version: ApiVersion
  /** With `{name}` segments: `/v2/admin/payments/{paymentId}/refunds`. */
  readonly path: string
  /** The service's. */
  readonly contract: Contract
  readonly name: string
  /** What callers of this version see. */
  readonly operation: Operation
  /** Undefined: the service serves it as it is shown. */
  readonly change: Change | undefined
  readonly deprecation: Deprecation | undefined
}

/** Everything that the public can reach, version by version. */
export const publicOperations: readonly PublicOperation[] = API_VERSIONS.flatMap((version, index) =>
  Object.values<Contract>(published).flatMap((contract) =>
    Object.entries(contract.operations).flatMap(([name, served]) => {
      if (served.access === 'service') return []
      const key = `${contract.name}.${name}`
      const change = API_VERSIONS.slice(0, index + 1)
        .map((one) => CHANGES[one][key])
        .findLast((one) => one !== undefined)
      const operation = change?.contract.operations[name] ?? served
      return [
        {
          version,
          path: `/${version}${operation.path}`,
          contract,
          name,
          operation,
          change,
          deprecation: DEPRECATED[version][key],
        },
      ]
    }),
  ),
)

/** RFC 9745, RFC 8594; `address`: path and query as sent, in the deprecated version. */
export function deprecationHeaders(
  { version, deprecation }: PublicOperation,
  address: string,
): Record<string, string> | undefined {
  if (!deprecation) return undefined
  const path = address.split('?', 1)[0]!
  const successor = `/${deprecation.successor}${path.slice(version.length + 1)}`
  return {
    deprecation: `@${deprecation.since.getTime() / 1_000}`,
    sunset: deprecation.sunset.toUTCString(),
    link: [
      ...(/^[\w./~%-]+$/.test(successor) ? [`<${successor}>; rel="successor-version"`] : []),
      `</${version}/openapi.json>; rel="deprecation"; type="application/json"`,
    ].join(', '),
  }
}

/** How OpenAPI describes them. */
export const DEPRECATION_HEADERS = {
  Deprecation: {
    schema: { type: 'string' },
    description: 'Since when this is deprecated, in seconds since 1970: `@1795910400` (RFC 9745).',
  },
  Sunset: { schema: { type: 'string' }, description: 'From when on it may be gone (RFC 8594).' },
  Link: {
    schema: { type: 'string' },
    description: 'What takes its place (`successor-version`), and where that is described (`deprecation`).',
  },
}
