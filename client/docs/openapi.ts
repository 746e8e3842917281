/** What the reference page reads of an OpenAPI 3.1 document. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  /** Whether it takes an API key: the document has no other scheme. */
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly description?: string;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** A schema by its reference; itself when it is none. @throws Error when the reference leads nowhere. */
export function resolve(api: OpenApi, schema: Schema): Schema {
  const name = schema.$ref?.replace("#/components/schemas/", "");
  if (name === undefined) return schema;
  const found = api.components.schemas[name];
  if (found === undefined) throw new Error(`no schema ${name}`);
  return found;
}

/** Type and limits of a value in a few words: `whole number, 1 to 90, 7 without it`. */
export function inWords(schema: Schema): string {
  const words = [typeInWords(schema)];
  const { minimum, maximum, minLength, maxLength } = schema;
  if (minimum !== undefined && maximum !== undefined && Math.abs(maximum) < Number.MAX_SAFE_INTEGER) {
    words.push(`${minimum} to ${maximum}`);
  }
  if (maxLength !== undefined) {
    words.push(minLength === maxLength ? `${maxLength} characters` : `at most ${maxLength} characters`);
  }
  if (schema.default !== undefined) words.push(`${schema.default} without it`);
  // That a parameter is text goes without saying.
  return words.filter((word) => word !== "" && word !== "string").join(", ");
}

const TYPES: Readonly<Record<string, string>> = { integer: "whole number", array: "list", boolean: "true or false" };

function typeInWords({ type, enum: values, const: only, items, anyOf, $ref }: Schema): string {
  if (values !== undefined) return values.map(String).join(" | ");
  if (only !== undefined) return String(only);
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeInWords))].join(" or ");
  if (typeof type === "string") {
    const name = TYPES[type] ?? type;
    return items?.type === undefined ? name : `${name} of ${typeInWords(items)}s`;
  }
  if (type !== undefined) return type.map((one) => (one === "null" ? "none" : (TYPES[one] ?? one))).join(" or ");
  return $ref === undefined ? "" : "object";
}
