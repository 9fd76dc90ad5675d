export { compose, rasterise } from './pictures/draw.ts'
export {
  DEFAULT_KEYS,
  type Sandbox,
  type SandboxKeys,
  type SandboxOptions,
  startSandbox,
} from './start-sandbox.ts'
