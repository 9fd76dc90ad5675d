export { seedDemo } from './demo/seed.ts'
export { hostConfig } from './host-config.ts'
export { allServices, selectServices } from './services.ts'
