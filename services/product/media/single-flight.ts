/** Who asks for what is being made already gets that. What failed is forgotten with its callers. */
export function singleFlight<T>(): (key: string, make: () => Promise<T>) => Promise<T> {
  const flights = new Map<string, Promise<T>>()
  return (key, make) => {
    let flight = flights.get(key)
    if (!flight) {
      flight = make().finally(() => flights.delete(key))
      flights.set(key, flight)
    }
    return flight
  }
}
