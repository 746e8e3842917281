import { createRoute, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { Auth, AuthCall } from "../../accounts/auth/auth.ts";
import { AUTH_PATH } from "../../accounts/auth/auth-links.ts";
import { AUTH_REQUESTS_PER_MINUTE, MAX_AUTH_BODY_BYTES } from "../../accounts/auth/limits.ts";
import type { SessionTable } from "../../accounts/auth/sessions.ts";
import { lineOf } from "../../kit/network-address.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import type { SignedIn } from "../../ports/sessions.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { fieldErrors, invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { authOf, callOf, problemOfAuth, refusedByAuth } from "../middleware/auth-call.ts";
import { requireSignedIn, signedInOf } from "../middleware/signed-in.ts";
import {
  currentSessionSchema,
  nothingSchema,
  passwordChangedSchema,
  passwordChangeSchema,
  resetRequestSchema,
  resetSchema,
  sessionEndSchema,
  sessionListSchema,
  signedInSchema,
  signedOutSchema,
  signedUpSchema,
  signInSchema,
  signUpSchema,
  statusSchema,
  verificationRequestSchema,
} from "../schemas/auth-json.ts";
import { hasBody, readJsonBody } from "../schemas/json-body.ts";

interface Change {
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly body: z.ZodType<Readonly<Record<string, unknown>>>;
  readonly answer: z.ZodType;
}

const SAME_ANSWER = "The answer, and when it comes, are the same whether or not there is an account.";

/** All that is passed on to better-auth. What else it has paths for is not there. */
const CHANGES: readonly Change[] = [
  {
    path: "/sign-up/email",
    summary: "Makes an account, and mails a link that verifies its address",
    description: `${SAME_ANSWER} Who has one is told so by mail.`,
    body: signUpSchema,
    answer: signedUpSchema,
  },
  {
    path: "/sign-in/email",
    summary: "Begins a session, whose cookie the answer sets",
    description: "For accounts whose address is verified. A session that the browser had before ends.",
    body: signInSchema,
    answer: signedInSchema,
  },
  { path: "/sign-out", summary: "Ends the session", body: nothingSchema, answer: signedOutSchema },
  {
    path: "/request-password-reset",
    summary: "Mails a link to choose a new password",
    description: SAME_ANSWER,
    body: resetRequestSchema,
    answer: statusSchema,
  },
  {
    path: "/reset-password",
    summary: "Sets a new password by the token of such a mail, once, and ends all sessions",
    body: resetSchema,
    answer: statusSchema,
  },
  {
    path: "/send-verification-email",
    summary: "Mails the link that verifies an address again",
    description: SAME_ANSWER,
    body: verificationRequestSchema,
    answer: statusSchema,
  },
  {
    path: "/change-password",
    summary: "Changes the password, ends all sessions and begins a new one",
    body: passwordChangeSchema,
    answer: passwordChangedSchema,
  },
  { path: "/revoke-sessions", summary: "Ends all sessions of the account", body: nothingSchema, answer: statusSchema },
];

type EndSessions = (
  sessions: SessionTable,
  signedIn: SignedIn,
  body: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** Of its paths those that we answer: it would need tokens, which are nowhere but in their browsers. */
const ENDS: readonly (Change & { readonly end: EndSessions })[] = [
  {
    path: "/revoke-session",
    summary: "Ends one of the account's sessions",
    description: "`token` as the list of sessions has it.",
    body: sessionEndSchema,
    answer: statusSchema,
    end: (sessions, { userId }, { token }) => sessions.end(userId, String(token)),
  },
  {
    path: "/revoke-other-sessions",
    summary: "Ends all sessions of the account but this one",
    body: nothingSchema,
    answer: statusSchema,
    end: (sessions, signedIn) => sessions.endOthers(signedIn),
  },
];

const READS = [
  { path: "/get-session", summary: "The session of the request's cookie, or null", answer: currentSessionSchema },
  { path: "/list-sessions", summary: "The account's sessions", answer: sessionListSchema },
] as const;

const tags = ["accounts"];
const refusals = {
  401: problemAnswer("Not the password of an account, or no session."),
  403: problemAnswer(
    "The address is not verified yet, the request comes from another site, or it is the demo account.",
  ),
  429: problemAnswer("Too many from this address, or about this account; Retry-After says when."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer, no mail can be sent, or there are no accounts here."),
};

const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

const changeRoute = ({ path, summary, description, body, answer }: Change) =>
  createRoute({
    method: "post",
    path: AUTH_PATH + path,
    summary,
    ...(description !== undefined && { description }),
    tags,
    request: { body: { required: body !== nothingSchema, content: { "application/json": { schema: body } } } },
    responses: {
      200: json(answer, "Done."),
      400: problemAnswer(
        "A field is wrong; `errors` names it, and its limit. Or a token is wrong, was used, or is too old.",
      ),
      413: problemAnswer(`The body has more than ${MAX_AUTH_BODY_BYTES} bytes.`),
      415: problemAnswer("The body is not application/json, or is encoded."),
      ...refusals,
    },
  });

const readRoute = ({ path, summary, answer }: (typeof READS)[number]) =>
  createRoute({
    method: "get",
    path: AUTH_PATH + path,
    summary,
    tags,
    responses: { 200: json(answer, "The answer."), ...refusals },
  });

const verifyRoute = createRoute({
  method: "get",
  path: `${AUTH_PATH}/verify-email`,
  summary: "Where the link of a mail leads: verifies an address, and goes on to the dashboard",
  tags,
  request: { query: z.object({ token: z.string().max(2000), callbackURL: z.string().max(2000).optional() }) },
  responses: {
    200: json(statusSchema, "Verified, where no `callbackURL` says where to go on."),
    302: { description: "To `callbackURL`, which gets `error` when the token is wrong or too old." },
    400: problemAnswer("A parameter is missing."),
    ...refusals,
  },
});

/** Mounts `/api/auth/*`. */
export function mountAuth(app: App, parts: AppParts): void {
  const { auth } = parts;
  const limit = limitAccounts(parts);
  for (const path of [`${AUTH_PATH}/*`, "/api/account", "/api/account/export"]) app.use(path, limit);
  for (const change of CHANGES) {
    const route = changeRoute(change);
    app.openAPIRegistry.registerPath(route);
    app.post(route.path, async (c) =>
      respond(c, auth, { ...callOf(c, parts, change.path), body: await bodyOf(c, change) }),
    );
  }
  for (const change of ENDS) {
    const route = changeRoute(change);
    app.openAPIRegistry.registerPath(route);
    app.post(route.path, requireSignedIn(parts), async (c) => {
      await change.end(authOf(auth).sessions, signedInOf(c), await bodyOf(c, change));
      return c.json({ status: true });
    });
  }
  for (const read of READS) {
    app.openapi(readRoute(read), (c) => respond(c, auth, callOf(c, parts, read.path)) as never);
  }
  app.openapi(verifyRoute, (c) => respond(c, auth, callOf(c, parts, "/verify-email")) as never);
}

/** Of one client, whatever about accounts it asks. */
function limitAccounts({ clock, clientAddress }: AppParts): MiddlewareHandler<AppEnv> {
  const changes = createRateLimit({ clock, perMinute: AUTH_REQUESTS_PER_MINUTE.changes });
  const reads = createRateLimit({ clock, perMinute: AUTH_REQUESTS_PER_MINUTE.reads });
  return async function limitAccounts(c, next) {
    c.header("Cache-Control", "private, no-store");
    const limit = c.req.method === "GET" || c.req.method === "HEAD" ? reads : changes;
    const waitSeconds = limit.take(lineOf(clientAddress(c) ?? ""));
    if (waitSeconds > 0) throw new ProblemError(tooMany(waitSeconds));
    await next();
  };
}

async function respond(c: Context<AppEnv>, auth: Auth | undefined, call: AuthCall): Promise<Response> {
  const response = await authOf(auth)
    .run(call)
    .catch((error: unknown) => {
      throw problemOfAuth(error);
    });
  if (response.status >= 400) throw await refusedByAuth(response);
  const headers = new Headers(response.headers);
  headers.set("Cache-Control", "private, no-store");
  return c.newResponse(response.body, { status: response.status as 200, headers });
}

/** @throws ProblemError 400 that names what is wrong, 413, 415 */
async function bodyOf(c: Context<AppEnv>, { body }: Change): Promise<Readonly<Record<string, unknown>>> {
  const sent = body.safeParse(hasBody(c.req.raw) ? await readJsonBody(c, MAX_AUTH_BODY_BYTES) : {});
  if (!sent.success) throw new ProblemError(invalidRequest(fieldErrors(sent.error)));
  return sent.data;
}

const tooMany = (waitSeconds: number) => ({
  status: 429,
  detail: `At most ${AUTH_REQUESTS_PER_MINUTE.changes} changes and ${AUTH_REQUESTS_PER_MINUTE.reads} questions about accounts a minute are answered to one address.`,
  headers: { "Retry-After": `${waitSeconds}` },
});
