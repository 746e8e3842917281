import { createRoute, z } from "@hono/zod-openapi";
import {
  type AccountCard,
  deleteAccount,
  exportAccount,
  ROLES,
  readAccount,
  roleOf,
} from "../../accounts/auth/account.ts";
import { MAX_AUTH_BODY_BYTES } from "../../accounts/auth/limits.ts";
import { isActive, PLANS, STATUSES } from "../../accounts/subscription.ts";
import { coordinatesOfArea } from "../../areas/area-geometry.ts";
import { createOwnAreaTable } from "../../own-areas/own-area-table.ts";
import type { Sql } from "../../ports/sql.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { authOf, problemOfAuth } from "../middleware/auth-call.ts";
import { signedInOf } from "../middleware/signed-in.ts";
import { deletionSchema } from "../schemas/auth-json.ts";
import { readJsonBody } from "../schemas/json-body.ts";

const time = z.iso.datetime();

const accountSchema = z
  .object({
    email: z.string(),
    name: z.string(),
    email_verified: z.boolean(),
    role: z
      .enum(ROLES)
      .openapi({ description: "An operator's, or that of the plan while its subscription is active." }),
    plan: z.enum(PLANS),
    is_operator: z.boolean(),
    is_demo: z.boolean(),
    cities: z.array(z.string()).openapi({ description: "Where the account moderates reports." }),
    subscription: z.object({
      status: z.enum(STATUSES).nullable(),
      active: z.boolean(),
      current_period_end: time.nullable(),
      ends_at: time.nullable(),
    }),
    created_at: time,
  })
  .openapi("Account");

const PATH = "/api/account";
const tags = ["accounts"];
const answers = {
  401: problemAnswer("Nobody is signed in."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer."),
};

const read = createRoute({
  method: "get",
  path: PATH,
  summary: "The account that is signed in",
  tags,
  responses: {
    200: { description: "The account.", content: { "application/json": { schema: accountSchema } } },
    ...answers,
  },
});

const held = createRoute({
  method: "get",
  path: `${PATH}/export`,
  summary: "All that is held of the account that is signed in",
  description:
    "Rows as the database has them, by kind, of each the newest 20 000, and own areas as GeoJSON; no hash of a password, key or token.",
  tags,
  responses: {
    200: {
      description: "A file.",
      content: { "application/json": { schema: z.record(z.string(), z.array(z.looseObject({}))) } },
    },
    ...answers,
  },
});

const remove = createRoute({
  method: "delete",
  path: PATH,
  summary: "Deletes the account that is signed in, with everything of it",
  description: "A subscription that is paid for is ended first; keys stop within ten seconds. There is no way back.",
  tags,
  request: { body: { required: true, content: { "application/json": { schema: deletionSchema } } } },
  responses: {
    204: { description: "It is gone." },
    400: problemAnswer("`password` is missing."),
    ...answers,
    403: problemAnswer("Not the password, a request from another site, or the demo account."),
    413: problemAnswer(`The body has more than ${MAX_AUTH_BODY_BYTES} bytes.`),
    415: problemAnswer("The body is not application/json, or is encoded."),
    429: problemAnswer("Too many wrong passwords; Retry-After says when."),
  },
});

/** Mounts `/api/account`. */
export function mountAccount(app: App, parts: AppParts, sql: Sql): void {
  const { clock, auth, billing } = parts;

  app.openapi(read, async (c) => {
    const account = await readAccount(sql, signedInOf(c).userId);
    if (account === undefined) throw new ProblemError(GONE);
    return c.json(toAccountJson(account, clock.now()), 200);
  });

  app.openapi(held, async (c) => {
    const { userId } = signedInOf(c);
    const rows = await exportAccount(sql, userId);
    if (rows.account?.length === 0) throw new ProblemError(GONE);
    const ownAreas = (await createOwnAreaTable(sql).all(userId)).map(toFeature);
    return c.json({ ...rows, own_areas: ownAreas } as never, 200, {
      "Content-Disposition": 'attachment; filename="stratum-account.json"',
    });
  });

  app.openAPIRegistry.registerPath(remove);
  app.delete(PATH, async (c) => {
    const { userId, email } = signedInOf(c);
    const sent = deletionSchema.safeParse(await readJsonBody(c, MAX_AUTH_BODY_BYTES));
    if (!sent.success) throw new ProblemError(invalidRequest(fieldErrors(sent.error)));
    const address = parts.clientAddress(c) ?? "";
    const { confirmPassword, sessions } = authOf(auth);
    const isOwner = await confirmPassword({ userId, email, address, password: sent.data.password }).catch(
      (error: unknown) => {
        throw problemOfAuth(error);
      },
    );
    if (!isOwner) throw new ProblemError(WRONG_PASSWORD);
    await billing?.endSubscription(userId);
    await deleteAccount(sql, userId);
    sessions.forget();
    return c.body(null, 204);
  });
}

const GONE = { status: 401, kind: "sign-in-needed", detail: "This account was deleted." };
const WRONG_PASSWORD = { status: 403, kind: "wrong-password", detail: "This is not the password of the account." };

type HeldArea = Awaited<ReturnType<ReturnType<typeof createOwnAreaTable>["all"]>>[number];

/** As it may be uploaded again. */
const toFeature = ({ id, name, createdAt, polygons }: HeldArea) => ({
  type: "Feature",
  id,
  properties: { name, created_at: createdAt },
  geometry: { type: "MultiPolygon", coordinates: coordinatesOfArea({ polygons }) },
});

function toAccountJson(account: AccountCard, nowMs: number): z.infer<typeof accountSchema> {
  return {
    email: account.email,
    name: account.name,
    email_verified: account.isEmailVerified,
    role: roleOf(account, nowMs),
    plan: account.plan,
    is_operator: account.isOperator,
    is_demo: account.isDemo,
    cities: [...account.cities],
    subscription: {
      status: account.status,
      active: isActive(account, nowMs),
      current_period_end: account.currentPeriodEnd?.toISOString() ?? null,
      ends_at: account.endsAt?.toISOString() ?? null,
    },
    created_at: account.createdAt.toISOString(),
  };
}
