import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ACCOUNT_CURSOR, listAccounts } from "../../accounts/account-list.ts";
import { createOperatorChanges } from "../../accounts/operator-changes.ts";
import type { Sql } from "../../ports/sql.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer } from "../core/problem.ts";
import { askedPath } from "../core/public-address.ts";
import { KEY_SCHEME } from "../middleware/api-key.ts";
import { operatorAnswers, operatorIdOf, runOf } from "../middleware/operators.ts";
import { numberParameter, parameter } from "../schemas/filter-query.ts";
import { readJsonBody } from "../schemas/json-body.ts";
import { nextLink } from "../schemas/next-link.ts";
import { accountSchema, subscriptionChangeSchema, toAccountJson } from "../schemas/operator-json.ts";

const MAX_BODY_BYTES = 1024;
/** Longest e-mail address (RFC 5321). */
const MAX_SEARCH = 254;

const tags = ["operators"];
const security = [{ [KEY_SCHEME]: [] }];
const description = "For operators, with a key of theirs or a session.";
const idSchema = z.uuid("must be the id of an account");

const listRoute = createRoute({
  method: "get",
  path: "/api/operator/accounts",
  summary: "All accounts with their keys, their usage this month, and whether their subscriptions are active",
  description,
  tags,
  security,
  request: {
    query: z.object({
      q: parameter("Beginning of an e-mail address.", "ann@", (text) =>
        text.length <= MAX_SEARCH && !/\p{C}/u.test(text)
          ? { value: text }
          : `must have at most ${MAX_SEARCH} characters, none of them a control character`,
      ),
      limit: numberParameter("Most accounts that are told at once.", { min: 1, max: 100, fallback: 50 }),
      cursor: parameter("`next_cursor` of the page before.", "", (text) =>
        ACCOUNT_CURSOR.test(text) ? { value: text } : "is none of this list",
      ),
    }),
  },
  responses: {
    200: {
      description: "A page, the newest first.",
      content: {
        "application/json": {
          schema: z.object({ accounts: z.array(accountSchema), next_cursor: z.string().nullable() }),
        },
      },
    },
    ...operatorAnswers,
  },
});

const changeRoute = createRoute({
  method: "patch",
  path: "/api/operator/accounts/{id}",
  summary: "Gives an account a plan or a status",
  description: `${description} Logged. Servers know within 10 seconds.`,
  tags,
  security,
  request: {
    params: z.object({ id: idSchema }),
    body: { required: true, content: { "application/json": { schema: subscriptionChangeSchema } } },
  },
  responses: {
    200: { description: "The account.", content: { "application/json": { schema: accountSchema } } },
    ...operatorAnswers,
    404: problemAnswer("There is no such account."),
    409: problemAnswer("The subscription is paid for at Stripe (`billed`): it is changed there, or ended first."),
    413: problemAnswer(`The body has more than ${MAX_BODY_BYTES} bytes.`),
    415: problemAnswer("The body is not application/json, or is encoded."),
  },
});

const revokeRoute = createRoute({
  method: "delete",
  path: "/api/operator/accounts/{id}/keys/{key}",
  summary: "Revokes a key of an account",
  description: `${description} Logged. Servers know within 10 seconds.`,
  tags,
  security,
  request: { params: z.object({ id: idSchema, key: z.uuid("must be the id of a key") }) },
  responses: {
    204: { description: "The key is revoked." },
    ...operatorAnswers,
    404: problemAnswer("The account has no such key, or it was revoked before."),
  },
});

/** Mounts `/api/operator`. */
export function mountOperator(app: App, parts: AppParts, sql: Sql): void {
  const { clock, log, usage } = parts;
  const changes = createOperatorChanges(runOf(sql));
  app.use("/api/operator/*", async (c, next) => {
    c.header("Cache-Control", "private, no-store");
    await next();
  });

  app.openapi(listRoute, async (c) => {
    const { q: emailPrefix, limit, cursor } = c.req.valid("query");
    // What this process answered a moment ago is told; if it cannot be added now, it is soon.
    await usage?.flush().catch((error: unknown) => log.debug("usage not added yet", { error }));
    const { accounts, nextCursor } = await listAccounts(sql, { emailPrefix, limit, cursor }, clock.now());
    const body = { accounts: accounts.map(toAccountJson), next_cursor: nextCursor ?? null };
    return c.json(body, 200, nextLink(askedPath(c), nextCursor, {}));
  });

  app.openAPIRegistry.registerPath(changeRoute);
  app.patch(changeRoute.getRoutingPath(), async (c) => {
    const id = accountIdOf(c);
    const change = subscriptionChangeSchema.safeParse(await readJsonBody(c, MAX_BODY_BYTES));
    if (!change.success) throw new ProblemError(invalidRequest(fieldErrors(change.error)));
    const outcome = await changes.setSubscription(operatorIdOf(c), id, change.data);
    if (outcome === "billed") throw new ProblemError(BILLED);
    const [account] = (await listAccounts(sql, { id, limit: 1 }, clock.now())).accounts;
    if (outcome === "unknown" || account === undefined) throw new ProblemError(NO_ACCOUNT);
    return c.json(toAccountJson(account), 200);
  });

  app.openapi(revokeRoute, async (c) => {
    const { id, key } = c.req.valid("param");
    if (!(await changes.revokeKey(operatorIdOf(c), id, { id: key }))) throw new ProblemError(NO_KEY);
    return c.body(null, 204);
  });
}

function accountIdOf(c: Context<AppEnv>): string {
  const id = idSchema.safeParse(c.req.param("id"));
  if (id.success) return id.data;
  throw new ProblemError(invalidRequest([{ field: "id", message: "must be the id of an account" }]));
}

const NO_ACCOUNT = { status: 404, detail: "There is no such account." };
const NO_KEY = { status: 404, detail: "The account has no such key that works." };
const BILLED = {
  status: 409,
  kind: "billed",
  detail: "The subscription is paid for at Stripe: change it there, or end it first.",
};
