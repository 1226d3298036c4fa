// What may be there at once or take its time: a machine in this process answers at once, another program later.

export type Awaitable<Value> = Value | Promise<Value>

/** Goes on with `next` at once if the value is there, else when it is. */
export function andThen<Value, Next>(
  value: Awaitable<Value>,
  next: (value: Value) => Awaitable<Next>,
): Awaitable<Next> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Runs `run`; what it throws, or its promise is rejected with, goes to `failed`. */
export function orElse<Value>(
  run: () => Awaitable<Value>,
  failed: (error: unknown) => Awaitable<Value>,
): Awaitable<Value> {
  try {
    const value = run()
    return value instanceof Promise ? value.catch(failed) : value
  } catch (error) {
    return failed(error)
  }
}
