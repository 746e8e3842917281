import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Accounts } from "../../accounts/accounts.ts";
import type { KeyRestrictions } from "../../accounts/caller.ts";
import { hashKey, makeKey, visiblePrefix } from "../../accounts/key.ts";
import {
  createKeyTable,
  type KeyTable,
  type ListedKey,
  MAX_DEMO_KEYS,
  MAX_WORKING_KEYS,
} from "../../accounts/key-table.ts";
import { formatDay, HOUR_MS, startOfMonth } from "../../kit/utc-time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Sql } from "../../ports/sql.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { signedInOf } from "../middleware/signed-in.ts";
import { hasBody, readJsonBody } from "../schemas/json-body.ts";
import { keySchema, newKeySchema, rotationSchema, shownKeySchema, toKeyJson } from "../schemas/key-json.ts";

const MAX_BODY_BYTES = 16_384;
const tags = ["accounts"];
const PRIVATE = { "Cache-Control": "private, no-store" };
const idParam = z.object({ id: z.uuid("must be the id of a key") });

/** Whether an account may have one more is asked of keys that work; while one takes another's place both do. */
const TIMES_WHILE_ROTATING = 2;

const answers = {
  400: problemAnswer("A field is wrong; `errors` names it, and its limit."),
  401: problemAnswer("Nobody is signed in."),
  403: problemAnswer("It was not sent by a page of this service."),
  429: problemAnswer("Too many calls of this account's sessions; Retry-After says when."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer; Retry-After says when."),
};
const bodyAnswers = {
  409: problemAnswer("The account has as many keys that work as it may."),
  413: problemAnswer(`The body has more than ${MAX_BODY_BYTES} bytes.`),
  415: problemAnswer("The body is not application/json, or is encoded."),
};
const noKey = { 404: problemAnswer("The account has no such key that works.") };
const shown = {
  201: { description: "The key, this once.", content: { "application/json": { schema: shownKeySchema } } },
};

const list = createRoute({
  method: "get",
  path: "/api/keys",
  summary: "The keys of the account that is signed in, with those that ended",
  tags,
  responses: {
    200: {
      description: "In the order in which they were made.",
      content: { "application/json": { schema: z.object({ keys: z.array(keySchema) }) } },
    },
    ...answers,
  },
});

const create = createRoute({
  method: "post",
  path: "/api/keys",
  summary: "Makes a key, which is told once",
  description: `At most ${MAX_WORKING_KEYS} keys of an account work. Only a SHA-256 is kept.`,
  tags,
  request: { body: { required: true, content: { "application/json": { schema: newKeySchema } } } },
  responses: { ...shown, ...answers, ...bodyAnswers },
});

const rotate = createRoute({
  method: "post",
  path: "/api/keys/{id}/rotate",
  summary: "Makes a key in place of another, which goes on working for a while",
  tags,
  request: {
    params: idParam,
    body: { required: false, content: { "application/json": { schema: rotationSchema } } },
  },
  responses: { ...shown, ...answers, ...bodyAnswers, ...noKey },
});

const revoke = createRoute({
  method: "delete",
  path: "/api/keys/{id}",
  summary: "Revokes a key: within 10 seconds it works nowhere",
  tags,
  request: { params: idParam },
  responses: { 204: { description: "It is revoked." }, ...answers, ...noKey },
});

/** Mounts `/api/keys`. */
export function mountKeys(app: App, { clock }: AppParts, sql: Sql, accounts: Accounts): void {
  const table = createKeyTable(sql);
  const parts = { table, clock, accounts };

  app.openapi(list, async (c) => {
    await accounts.usage.flush().catch(() => {});
    const month = formatDay(startOfMonth(clock.now()));
    const keys = await table.list(signedInOf(c).userId, month);
    return c.json({ keys: keys.map(toKeyJson) }, 200, PRIVATE);
  });

  for (const route of [create, rotate, revoke]) app.openAPIRegistry.registerPath(route);
  app.post(create.getRoutingPath(), async (c) => {
    const {
      name,
      origins = null,
      layers = null,
      kinds = null,
    } = valid(newKeySchema, await readJsonBody(c, MAX_BODY_BYTES));
    const added = await addKey(c, parts, { name, origins, layers, kinds }, 1);
    return c.json(added, 201, PRIVATE);
  });

  app.post(rotate.getRoutingPath(), async (c) => {
    const { userId } = signedInOf(c);
    const { id } = valid(idParam, c.req.param());
    const { overlap_hours } = valid(rotationSchema, hasBody(c.req.raw) ? await readJsonBody(c, MAX_BODY_BYTES) : {});
    const nowMs = clock.now();
    const old = await table.find(userId, id, nowMs);
    if (old === undefined) throw new ProblemError(NO_KEY);
    const added = await addKey(c, parts, old, TIMES_WHILE_ROTATING);
    await table.expire(userId, id, nowMs + overlap_hours * HOUR_MS);
    accounts.lookup.forget(userId);
    return c.json(added, 201, PRIVATE);
  });

  app.delete(revoke.getRoutingPath(), async (c) => {
    const { userId } = signedInOf(c);
    const { id } = valid(idParam, c.req.param());
    if (!(await table.revoke(userId, id, clock.now()))) throw new ProblemError(NO_KEY);
    accounts.lookup.forget(userId);
    return c.body(null, 204, PRIVATE);
  });
}

interface KeyParts {
  readonly table: KeyTable;
  readonly clock: Clock;
}

/** @throws ProblemError 409 */
async function addKey(
  c: Context<AppEnv>,
  { table, clock }: KeyParts,
  { name, origins, layers, kinds }: KeyRestrictions & Pick<ListedKey, "name">,
  times: number,
) {
  const { userId, isDemo } = signedInOf(c);
  const key = makeKey({ isRestricted: origins !== null });
  const kept = { name, hash: hashKey(key), prefix: visiblePrefix(key), origins, layers, kinds };
  const most = isDemo ? MAX_DEMO_KEYS : MAX_WORKING_KEYS;
  const added = await table.add(userId, kept, { working: most * times, nowMs: clock.now() });
  if (added !== undefined) return { ...toKeyJson(added), key };
  const detail = `The account has ${most} keys that work, as many as it may: revoke one first.`;
  throw new ProblemError({ status: 409, kind: "too-many-keys", detail });
}

/** @throws ProblemError 400 that names every wrong field */
function valid<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new ProblemError(invalidRequest(fieldErrors(parsed.error)));
  return parsed.data;
}

const NO_KEY = { status: 404, kind: "no-such-key", detail: "The account has no such key that works." } as const;
