/** The path of an uploaded part in the media store. */
export const partPath = (importId: string, number: number): string => `imports/${importId}/${number}`
