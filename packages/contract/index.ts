/**
 * The vocabulary every service speaks: operations, events, rejections.
 * Plain data over Zod, so it loads unchanged in a service, a browser and a phone.
 */
export { type Client, type ClientCallOptions, createClient, type Send } from './client.ts'
export { Bytes, Content } from './content.ts'
export { type EventType, event, type PayloadOf } from './event.ts'
export {
  type Access,
  type Contract,
  contract,
  type ErrorSpec,
  type InputOf,
  type Operation,
  type OutputOf,
  operation,
  type RequestOf,
} from './operation.ts'
export { type FieldError, invalidInput, isRejection, platformErrors, Rejection } from './rejection.ts'
