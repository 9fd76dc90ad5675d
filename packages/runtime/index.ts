export { Bytes, Content } from '@stoa/contract'
export { type Actor, actorName, type Origin } from './actor.ts'
export type { Background } from './background.ts'
export { Breaker } from './breaker.ts'
export { ALL, type Cache, type CacheOptions } from './cache.ts'
export { type Change, changedSince } from './changed-since.ts'
export {
  type ConfigOf,
  type ConfigSpec,
  type Environment,
  readConfig,
  type Setting,
  setting,
} from './config.ts'
export { authorise, checkInput } from './dispatch.ts'
export { type Drain, drainable } from './drain.ts'
export {
  type Answer,
  degraded,
  type Edge,
  type EdgeCall,
  type EdgeHost,
  type Health,
  publicCheck,
} from './edge.ts'
export { fieldWords } from './field-words.ts'
export { type Host, type HostOptions, startHost } from './host.ts'
export type { HostedService } from './hosted.ts'
export { ipSubject } from './ip-subject.ts'
export { JsonText } from './json-text.ts'
export { keptSecret } from './kept-secret.ts'
export type { EventLog, LoggedEvent, NewEvent } from './log.ts'
export { LOG_DAYS, topicOf } from './log.ts'
export { createLogger } from './logger.ts'
export { MAX_CALLS_TO_AN_ADDRESS } from './peer.ts'
export { HttpUrls, PostgresUrl, processConfig } from './process-config.ts'
export { type Redis, type RedisArgument, RedisAway, type RedisScript, redisScript } from './redis.ts'
export {
  defineService,
  effect,
  everywhere,
  type Fact,
  type Handler,
  type Job,
  job,
  projection,
  type Query,
  type Reaction,
  type ResourceStart,
  type ScheduleOptions,
  type Service,
  type ServiceContext,
  type Tx,
} from './service.ts'
export { formatTraceparent, newTrace, parseTraceparent, type Trace } from './trace.ts'
export { OUTBOX_CHANNEL } from './wake.ts'
