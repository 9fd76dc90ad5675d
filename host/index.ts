export { seedDemo } from './demo/seed.ts'
export { hostConfig } from './host-config.ts'
export { loadServices, serviceNames } from './services.ts'
