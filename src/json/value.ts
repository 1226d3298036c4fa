// The JSON values that QMP carries, with integers kept apart from other numbers as the protocol does.

/** An integer of 64 bits, signed or unsigned, is a bigint; a number with a fraction, an exponent or more digits is a number. */
export type JsonValue = null | boolean | string | bigint | number | readonly JsonValue[] | JsonObject

/** A Map, because a client's member names may be anything: `__proto__`, or digits whose order an object would not keep. */
export type JsonObject = ReadonlyMap<string, JsonValue>

/** Whether `value` is a JSON object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map
}
