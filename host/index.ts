export { seedDemo } from './demo/seed.ts'
export { allServices, selectServices } from './services.ts'
