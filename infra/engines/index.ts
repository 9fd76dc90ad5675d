export { EngineError, type EngineName, engineNames, freePort } from './engine.ts'
export { type EngineStatus, type Engines, type EnginesOptions, openEngines } from './engines.ts'
export { systemProgram } from './programs.ts'
