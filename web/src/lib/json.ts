// Reads of untrusted JSON: what is missing or of another kind becomes a plain default, so that one
// odd member never takes the page down.

export type Json = unknown;
export type JsonObject = Record<string, unknown>;

export function asObject(value: Json): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

export function asArray(value: Json): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: Json, fallback = ''): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return fallback;
}

/** A finite number, or null: the server writes NaN and infinities as null. */
export function asNumber(value: Json): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function asTexts(value: Json): string[] {
  return asArray(value)
    .filter((v) => v !== null && v !== undefined)
    .map((v) => asText(v));
}

export function asNumbers(value: Json): (number | null)[] {
  return asArray(value).map(asNumber);
}
