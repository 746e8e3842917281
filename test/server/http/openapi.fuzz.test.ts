/** @module-tag random */
import { beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { createTestApp, post, readJson, type TestApp, VALID_BODY } from "../../kit/app-fixture.ts";
import { type Random, randomOf } from "../../kit/random.ts";
import { scaled } from "../../kit/runs.ts";

/** Asks every operation of our own document, with values that its schemas allow and others, and holds the answers against it. */

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly schema: Readonly<{ example?: unknown; enum?: readonly unknown[]; minimum?: number; maximum?: number }>;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema?: object }>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
}

/** In full, over all operations. */
const REQUESTS = 20_000;
/** Of the HTTP layer: no operation has to name them. */
const NEVER = 500;

const JUNK = [
  "",
  " ",
  "0",
  "-1",
  "1e309",
  "NaN",
  "null",
  "'",
  "%",
  "%00",
  "\u0000",
  "é😀",
  "../..",
  "[]",
  "{}",
  ",",
  "1,2,3,4",
  "x".repeat(3_000),
];
const GOOD: Readonly<Record<string, readonly string[]>> = {
  bbox: ["-122.5,37.7,-122.4,37.8", "179,-1,-179,1", "-180,-90,180,90", "0,0,0,0"],
  layer: ["safety", "safety,vibe", "infrastructure"],
  layers: ["safety", "safety,vibe", "scores", "safety,safety"],
  since: ["7d", "2026-05-01T00:00:00Z", "1780000000", "90d"],
  from: ["7d", "2026-05-01T00:00:00Z"],
  to: ["1h", "2026-06-01T00:00:00Z"],
  limit: ["1", "100", "500", "501"],
  city: ["san-francisco", "austin", "nowhere"],
  geohash: ["9q8yyk", "9q8y", "s000000"],
  "idempotency-key": ["key-1", "0123456789abcdef"],
};
const BODIES: readonly unknown[] = [
  VALID_BODY,
  {},
  [],
  null,
  "{",
  { ...VALID_BODY, severity: 9 },
  { ...VALID_BODY, lat: "1" },
  { ...VALID_BODY, text: "x".repeat(281) },
  { ...VALID_BODY, extra: 1 },
  { reason: "spam" },
  { reason: "no" },
  "x".repeat(20_000),
];

let app: TestApp;
let openapi: Document;
let ids: string[];
beforeAll(async () => {
  ({ app } = createTestApp({ settings: { flagsPerMinute: 1e9 } }));
  openapi = await readJson<Document>(app.request("/openapi.json"));
  const made = Array.from({ length: 5 }, async () => (await readJson(post(app, VALID_BODY))).id);
  ids = await Promise.all(made);
});

function sentValue({ name, schema }: Parameter, random: Random): string {
  if (random.chance(0.25)) return random.pick(JUNK);
  if (name === "id") return random.pick(ids);
  if (schema.enum !== undefined) return `${random.pick(schema.enum)}`;
  if (schema.minimum !== undefined)
    return `${random.below((schema.maximum ?? 100) + 2 - schema.minimum) + schema.minimum}`;
  return random.pick(GOOD[name] ?? [`${schema.example ?? random.below(30)}`]);
}

function requestOf(path: string, method: string, { parameters = [], requestBody }: Operation, random: Random) {
  const query = new URLSearchParams();
  const headers = new Headers();
  let at = path;
  for (const parameter of parameters) {
    const value = sentValue(parameter, random);
    // An empty segment is another address.
    if (parameter.in === "path")
      at = at.replace(`{${parameter.name}}`, encodeURIComponent(value || "-").replaceAll(".", "%2E"));
    else if (parameter.in === "query" && random.chance(0.6)) query.append(parameter.name, value);
    else if (parameter.in === "header" && /^[\x20-\x7e]*$/.test(value)) headers.set(parameter.name, value);
  }
  const body = random.pick(BODIES);
  if (requestBody !== undefined && random.chance(0.95)) headers.set("Content-Type", "application/json");
  const init = {
    method: method.toUpperCase(),
    headers,
    ...(requestBody && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
  return { url: query.size > 0 ? `${at}?${query}` : at, init };
}

const parsers = new Map<object, z.ZodType>();
function parserOf(schema: object): z.ZodType {
  const known = parsers.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify({ ...schema, $defs: openapi.components.schemas });
  const made = z.fromJSONSchema(JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")));
  parsers.set(schema, made);
  return made;
}

/** What an answer has that the document does not say, if anything. */
async function differenceOf(answer: Response, { responses }: Operation): Promise<string | undefined> {
  if (answer.status >= NEVER) return `status ${answer.status}: ${await answer.text()}`;
  const described = responses[answer.status];
  if (described === undefined)
    return `status ${answer.status} is not described: ${(await answer.text()).slice(0, 200)}`;
  const type = answer.headers.get("Content-Type")?.split(";")[0] ?? "";
  const text = await answer.text();
  if (described.content === undefined) return text === "" ? undefined : "a body is not described";
  const content = described.content[type];
  if (content === undefined) return `${answer.status} is of type ${type}, not ${Object.keys(described.content)}`;
  if (!type.endsWith("json") || content.schema === undefined) return undefined;
  const parsed = parserOf(content.schema).safeParse(JSON.parse(text));
  return parsed.success ? undefined : `${answer.status}: ${z.prettifyError(parsed.error)}`;
}

it("answers every operation as /openapi.json says, with whatever values", async () => {
  const random = randomOf("openapi");
  const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const differences = new Map<string, string>();
  const met = new Map<string, number>();
  const count = scaled(REQUESTS);
  for (let i = 0; i < count; i++) {
    const { path, method, operation } = operations[i % operations.length] ?? {
      path: "",
      method: "",
      operation: { responses: {} },
    };
    const { url, init } = requestOf(path, method, operation, random);
    const answer = await app.request(url, init);
    const what = `${method} ${path} ${answer.status}`;
    met.set(what, (met.get(what) ?? 0) + 1);
    const difference = await differenceOf(answer, operation);
    if (difference !== undefined && !differences.has(what))
      differences.set(what, `${url.slice(0, 300)}: ${difference}`);
  }
  expect(Object.fromEntries(differences)).toEqual({});
  // What is asked right is answered, too: else nothing but refusals were looked at.
  for (const { path, method } of operations) {
    const good = [200, 201, 202, 204].some((status) => met.has(`${method} ${path} ${status}`));
    expect(good, `${method} ${path} was answered`).toBe(true);
  }
});
