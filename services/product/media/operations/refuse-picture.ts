import { invalidInput, Rejection } from '@stoa/contract'
import { SourceFault } from '../fetch-source.ts'
import { PictureFault } from '../picture-fault.ts'
import { QueueFull } from '../work-queue.ts'

/** Says to staff what is wrong with the picture that this field brought. Anything else is thrown as it is. */
export function refusePicture(error: unknown, field: string): never {
  if (error instanceof PictureFault) throw invalidInput({ field, message: error.message })
  if (error instanceof SourceFault) throw invalidInput({ field, message: error.message })
  if (error instanceof QueueFull) throw new Rejection('UNAVAILABLE')
  throw error
}
