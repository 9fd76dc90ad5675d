import assert from 'node:assert/strict'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alterUserScramCredentialsV0, Connection, ScramMechanisms } from '@platformatic/kafka'
import { freePort, openEngines } from '@stoa/engines'
import {
  type Authority,
  allWithinOnce,
  type Certificate,
  createAuthority,
  engineAddress,
  eventually,
  startTestHost,
} from '@stoa/testing'
import { pino } from 'pino'
import { readConfig } from './config.ts'
import { isPassing } from './failure.ts'
import { countingThing } from './fixture/counting-thing.ts'
import { thingContract } from './fixture/thing.ts'
import { createKafkaLog } from './kafka-log.ts'
import { kafkaConfig, readKafkaSettings } from './kafka-settings.ts'
import type { EventLog } from './log.ts'
import { newEvent, subscription, until } from './log-contract.ts'

const { skip } = engineAddress('kafka')

/** As a process reads them, under a prefix of its own; the cluster is gone after the tests. */
const settingsOf = (environment: Record<string, string>) =>
  readKafkaSettings(
    readConfig(kafkaConfig, {
      KAFKA_PREFIX: `test-${randomBytes(6).toString('hex')}.`,
      KAFKA_PARTITIONS: '2',
      ...environment,
    }),
  )!

const openLog = (environment: Record<string, string>): EventLog & AsyncDisposable => {
  const log = createKafkaLog(settingsOf(environment), pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }))
  return Object.assign(log, { [Symbol.asyncDispose]: log.close })
}

const password = 'sesame'

describe('A Kafka that lets in only whom it knows', { skip }, () => {
  let directory: string
  let authority: Authority
  let otherAuthority: Authority
  let client: Certificate
  let stranger: Certificate
  /** What opens each door. */
  let doors: Record<'open' | 'password' | 'certificate' | 'misnamed' | 'forgetful', string>
  let trust: Record<string, string>
  let login: Record<string, string>
  /** Of Node, which warns of what it takes for a mistake once in a process. */
  const warnings: string[] = []
  const note = ({ message }: Error) => void warnings.push(message)

  before(async () => {
    process.on('warning', note)
    directory = await mkdtemp(join(tmpdir(), 'stoa-kafka-'))
    authority = await createAuthority()
    otherAuthority = await createAuthority()
    const server = await authority.issue('DNS:localhost', 'IP:127.0.0.1')
    const misnamed = await authority.issue('DNS:elsewhere.example')
    client = await authority.issue()
    stranger = await otherAuthority.issue()
    trust = { KAFKA_TLS_CA: authority.certificateFile }
    login = { KAFKA_SASL_USERNAME: 'shop', KAFKA_SASL_PASSWORD: password }

    const ports: number[] = []
    while (ports.length < 4) ports.push(await freePort(new Set(ports)))
    const [byPassword, byCertificate, byOtherName, forgetful] = ports as [number, number, number, number]
    const { KAFKA_BROKERS } = await openEngines({
      directory,
      kafkaUsers: { shop: password },
      kafkaDoors: [
        { port: byPassword, announcedPort: byPassword, tls: server, sasl: {} },
        {
          port: byCertificate,
          announcedPort: byCertificate,
          tls: { ...server, clientAuthority: authority.certificate },
        },
        { port: byOtherName, announcedPort: byOtherName, tls: misnamed },
        { port: forgetful, announcedPort: forgetful, tls: server, sasl: { sessionMs: 2_000 } },
      ],
    }).up(['kafka'])
    doors = {
      open: KAFKA_BROKERS!,
      password: `127.0.0.1:${byPassword}`,
      certificate: `127.0.0.1:${byCertificate}`,
      misnamed: `127.0.0.1:${byOtherName}`,
      forgetful: `127.0.0.1:${forgetful}`,
    }
  })
  after(async () => {
    process.off('warning', note)
    await openEngines({ directory }).down()
    await Promise.all([authority, otherAuthority].map((one) => one?.[Symbol.asyncDispose]()))
    await rm(directory, { recursive: true, force: true })
  })

  async function goesRound(environment: Record<string, string>): Promise<void> {
    await using log = openLog(environment)
    const seen: number[] = []
    await log.consume(
      subscription('one', async (list) => void seen.push(...list.map(({ version }) => version))),
    )
    await log.append([1, 2, 3].map((version) => newEvent('a', version)))
    await until([log], () => seen.length === 3)
    assert.deepEqual(seen, [1, 2, 3])
    assert.equal(log.trouble(), undefined)
    const read: number[] = []
    for await (const list of log.read({
      topics: ['thing'],
      from: new Date(0),
      signal: AbortSignal.timeout(30_000),
    }))
      read.push(...list.map(({ version }) => version))
    assert.deepEqual(read, [1, 2, 3])
  }

  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512', 'PLAIN'])
    it(`carries the events of who has a password, over TLS by ${mechanism}`, () =>
      goesRound({
        ...trust,
        ...login,
        KAFKA_BROKERS: doors.password,
        KAFKA_SASL_MECHANISM: mechanism,
      }))

  it('carries the events of who has a certificate', () =>
    goesRound({
      ...trust,
      KAFKA_BROKERS: doors.certificate,
      KAFKA_TLS_CERT: client.certificateFile,
      KAFKA_TLS_KEY: client.keyFile,
    }))

  it('is called by its name as well as by its address, of which TLS is told only a name', async () => {
    assert.deepEqual(warnings, [])
    await goesRound({
      ...trust,
      ...login,
      KAFKA_BROKERS: doors.password.replace('127.0.0.1', 'localhost'),
    })
  })

  const refused: Record<string, { environment: () => Record<string, string>; says: RegExp }> = {
    'a wrong password by SCRAM': {
      environment: () => ({
        ...trust,
        ...login,
        KAFKA_BROKERS: doors.password,
        KAFKA_SASL_PASSWORD: 'open',
      }),
      says: /invalid credentials with SASL mechanism SCRAM-SHA-512/,
    },
    'a wrong password by PLAIN': {
      environment: () => ({
        ...trust,
        ...login,
        KAFKA_BROKERS: doors.password,
        KAFKA_SASL_PASSWORD: 'open',
        KAFKA_SASL_MECHANISM: 'PLAIN',
      }),
      says: /Authentication failed: Invalid username or password/,
    },
    'no password': {
      environment: () => ({ ...trust, KAFKA_BROKERS: doors.password }),
      says: /Connection closed: .* missed .*KAFKA_SASL_USERNAME/,
    },
    'a password where none is asked for': {
      environment: () => ({ ...login, KAFKA_BROKERS: doors.open }),
      says: /Cannot find a suitable SASL mechanism.*SASL/,
    },
    'no certificate': {
      environment: () => ({ ...trust, KAFKA_BROKERS: doors.certificate }),
      says: /certificate/,
    },
    'a certificate of another authority': {
      environment: () => ({
        ...trust,
        KAFKA_BROKERS: doors.certificate,
        KAFKA_TLS_CERT: stranger.certificateFile,
        KAFKA_TLS_KEY: stranger.keyFile,
      }),
      says: /certificate/,
    },
    'a broker whose authority we do not know': {
      environment: () => ({ ...login, KAFKA_BROKERS: doors.password, KAFKA_TLS: 'on' }),
      says: /127\.0\.0\.1:\d+ failed: unable to verify the first certificate/,
    },
    'a broker whose authority is another one than ours': {
      environment: () => ({
        ...login,
        KAFKA_BROKERS: doors.password,
        KAFKA_TLS_CA: otherAuthority.certificateFile,
      }),
      says: /127\.0\.0\.1:\d+ failed: unable to verify the first certificate/,
    },
    'a broker whose certificate is for another address': {
      environment: () => ({ ...trust, KAFKA_BROKERS: doors.misnamed }),
      says: /127\.0\.0\.1:\d+ failed: Hostname\/IP does not match certificate's altnames: IP: 127\.0\.0\.1/,
    },
    'a broker whose certificate is for another name': {
      environment: () => ({ ...trust, KAFKA_BROKERS: doors.misnamed.replace('127.0.0.1', 'localhost') }),
      says: /localhost:\d+ failed: Hostname\/IP does not match certificate's altnames: Host: localhost/,
    },
    'a broker that wants TLS when we do not': {
      environment: () => ({ KAFKA_BROKERS: doors.certificate }),
      says: /Broker requires TLS: KAFKA_TLS is not on/,
    },
    'a broker that wants TLS when we have a password only': {
      environment: () => ({ ...login, KAFKA_BROKERS: doors.password }),
      says: /Connection closed: .* missed KAFKA_TLS/,
    },
    'a broker without TLS when we want it': {
      environment: () => ({ ...trust, KAFKA_BROKERS: doors.open }),
      says: /127\.0\.0\.1:\d+ failed: TLS handshake failed/,
    },
  }
  for (const [what, { environment, says }] of Object.entries(refused))
    it(`is away, and says why, with ${what}`, () =>
      allWithinOnce([5_000], async () => {
        await using log = openLog(environment())
        await log.consume(subscription('one', async () => {}))
        const began = performance.now()
        const failure = await log.append([newEvent('a', 1)]).then(
          () => undefined,
          (error: unknown) => error,
        )
        const tookMs = performance.now() - began
        assert.ok(isPassing(failure), String(failure))
        assert.match(log.trouble() ?? '', says)
        return [tookMs]
      }))

  it('is not even asked when key and certificate are not of one pair', () => {
    assert.throws(
      () =>
        settingsOf({
          KAFKA_BROKERS: doors.certificate,
          KAFKA_TLS_CERT: client.certificateFile,
          KAFKA_TLS_KEY: stranger.keyFile,
        }),
      /^Error: KAFKA_TLS_CERT and KAFKA_TLS_KEY: .*mismatch/,
    )
  })

  it('leaves a shop with a wrong password at work, which says so and keeps what it announces', async () => {
    await using shop = await startTestHost({
      services: [countingThing()],
      environment: {
        ...trust,
        ...login,
        KAFKA_BROKERS: doors.password,
        KAFKA_SASL_PASSWORD: 'open',
        KAFKA_PREFIX: `test-${randomBytes(6).toString('hex')}.`,
      },
    })
    await shop.client(thingContract).make({ id: 'a', versions: [1, 2] })
    await eventually(async () => {
      const { ok, checks } = await shop.host.ready()
      assert.equal(ok, true)
      assert.match(checks.log ?? '', /^degraded: .*invalid credentials/)
    })
    const { rows } = await shop.pool.query(`select count(*)::int as n from thing.outbox where kind = 'event'`)
    assert.deepEqual(rows, [{ n: 2 }])
  })

  it('asks again who they are, and goes without those whose password was taken until they have it back', async () => {
    await using log = openLog({ ...trust, ...login, KAFKA_BROKERS: doors.forgetful })
    const seen: number[] = []
    await log.consume(
      subscription('one', async (list) => void seen.push(...list.map(({ version }) => version))),
    )
    const accepted: number[] = []
    let version = 0
    const append = async () => {
      version += 1
      await log.append([newEvent('a', version)])
      accepted.push(version)
    }
    const arrives = () => until([log], () => accepted.every((one) => seen.includes(one)))
    /** For longer than two of its sessions; answers what went wrong. */
    const goOn = async (): Promise<unknown> => {
      for (const until = performance.now() + 5_000; performance.now() < until; ) {
        const failed = await append().catch((error: unknown) => error)
        if (failed !== undefined) return failed
        await sleep(50)
      }
      await arrives()
      return log.trouble()
    }
    // Who stands still for the last 400 ms of a session has lost it.
    let wrong = await goOn()
    for (let rounds = 1; wrong !== undefined && rounds < 3; rounds += 1) {
      await eventually(() => assert.equal(log.trouble(), undefined), { timeoutMs: 20_000 })
      wrong = await goOn()
    }
    assert.equal(wrong, undefined)

    await setPassword(doors.open, undefined)
    try {
      await eventually(() => assert.match(log.trouble() ?? '', /invalid credentials/))
      await assert.rejects(append, isPassing)
    } finally {
      await setPassword(doors.open, password)
    }
    await eventually(append, { timeoutMs: 10_000 })
    await arrives()
    await eventually(() => assert.equal(log.trouble(), undefined), { timeoutMs: 10_000 })
  })
})

/** Of user `shop`, by SCRAM-SHA-512; undefined takes it. */
async function setPassword(broker: string, password: string | undefined): Promise<void> {
  const [host, port] = broker.split(':') as [string, string]
  const connection = new Connection('test')
  await connection.connect(host, Number(port))
  const user = { name: 'shop', mechanism: ScramMechanisms.SCRAM_SHA_512 }
  const salt = randomBytes(16)
  const iterations = 4_096
  await alterUserScramCredentialsV0.api.async(
    connection,
    password === undefined ? [user] : [],
    password === undefined
      ? []
      : [
          {
            ...user,
            salt,
            iterations,
            saltedPassword: pbkdf2Sync(password, salt, iterations, 64, 'sha512'),
          },
        ],
  )
  await connection.close()
}
