import { Buffer } from "node:buffer";

/** A value as DynamoDB's JSON has it; binaries are in base64. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: AttributeMap }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] };

export type AttributeMap = { readonly [name: string]: AttributeValue };

/**
 * Strings, numbers, booleans, null, bytes, lists and plain maps, as `marshall` of the SDK has them.
 * @throws TypeError for whatever else, and for numbers that DynamoDB would not give back as they were
 */
export function toAttribute(value: unknown): AttributeValue {
  switch (typeof value) {
    case "string":
      return { S: value };
    case "number":
      return { N: numberText(value) };
    case "bigint":
      return { N: value.toString() };
    case "boolean":
      return { BOOL: value };
    case "object":
      return toAttributeOfObject(value);
    default:
      throw new TypeError(`DynamoDB has no ${typeof value}`);
  }
}

function toAttributeOfObject(value: object | null): AttributeValue {
  if (value === null) return { NULL: true };
  if (value instanceof Uint8Array) {
    return { B: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError("DynamoDB takes only plain objects");
  return { M: toAttributes(value) };
}

/** An item, a key, or the values of an expression. */
export function toAttributes(item: object): AttributeMap {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(item)) set(attributes, name, toAttribute(value));
  return attributes;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`DynamoDB has no number ${value}`);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw new TypeError(`${value} is not a safe number`);
  return value.toString();
}

/** @throws TypeError when the value is of no known type */
export function fromAttribute(attribute: AttributeValue): unknown {
  if ("S" in attribute) return attribute.S;
  if ("N" in attribute) return fromNumber(attribute.N);
  if ("B" in attribute) return fromBase64(attribute.B);
  if ("BOOL" in attribute) return attribute.BOOL;
  if ("NULL" in attribute) return null;
  if ("M" in attribute) return fromAttributes(attribute.M);
  if ("L" in attribute) return attribute.L.map(fromAttribute);
  if ("SS" in attribute) return new Set(attribute.SS);
  if ("NS" in attribute) return new Set(attribute.NS.map(fromNumber));
  if ("BS" in attribute) return new Set(attribute.BS.map(fromBase64));
  throw new TypeError(`an attribute of no known type: ${Object.keys(attribute)}`);
}

export function fromAttributes(attributes: AttributeMap): Record<string, unknown> {
  const item: Record<string, unknown> = {};
  for (const name in attributes) set(item, name, fromAttribute(attributes[name] as AttributeValue));
  return item;
}

/** Beyond what a number holds it is a bigint, as the SDK has it. */
function fromNumber(text: string): number | bigint {
  const value = Number(text);
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isFinite(value) ? BigInt(text) : value;
}

/** Not a Buffer, whose `slice` shares memory. */
function fromBase64(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text, "base64");
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** An attribute may have any name, `__proto__` too. */
function set<T>(map: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") map[name] = value;
  else Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
}
