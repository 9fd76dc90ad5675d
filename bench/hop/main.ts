import { startHost } from '@stoa/runtime'
import { hopService } from './service.ts'

/** The process at the other end of the hop. */
const host = await startHost({ services: [hopService], environment: process.env })
process.once('SIGTERM', () => void host.stop().then(() => process.exit(0)))
