/** The alphabetic codes of ISO 4217 that this Node knows, those of the past included. */
const codes = new Set(Intl.supportedValuesOf('currency'))

export const isCurrency = (code: string): boolean => codes.has(code)
