import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { StatusCode } from "hono/utils/http-status";
import { BillingOffError } from "../../billing/billing.ts";
import { PaymentsUnavailableError } from "../../billing/payments.ts";
import type { Log } from "../../console/log.ts";
import { StoreUnavailableError } from "../../ports/report-store.ts";
import { DatabaseUnavailableError } from "../../ports/sql.ts";
import type { AppEnv } from "./app-parts.ts";
import { OPEN_HEADERS, SAFE_HEADERS } from "./safe-headers.ts";

/** Problem details for HTTP APIs, RFC 9457. A package would bring the type; the schema for OpenAPI and the words are ours. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ description: "A URI that names the kind of problem, or about:blank." }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().optional(),
    errors: z
      .array(
        z.object({
          field: z.string().openapi({ description: "Name of the member or parameter; `body` for the whole body." }),
          message: z.string(),
          limit: z.number().optional().openapi({ description: "The limit that the value went beyond." }),
        }),
      )
      .optional(),
    challenge: z
      .looseObject({})
      .optional()
      .openapi({ description: "A puzzle of altcha-lib, only of the type urn:stratum:problem:proof-wanted." }),
    request_id: z.string().optional().openapi({ description: "The X-Request-Id of this answer, on 5xx." }),
  })
  .openapi("Problem");

export const PROBLEM_TYPE = "application/problem+json";

type Problem = z.infer<typeof problemSchema>;
export type FieldError = NonNullable<Problem["errors"]>[number];

/** Status and words of a problem; `kind` becomes the type URI. */
export interface ProblemInit {
  readonly status: number;
  readonly kind?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Further members of the problem. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a problem from wherever it was found. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly init: ProblemInit;
  constructor(init: ProblemInit) {
    super(init.detail ?? titleOf(init.status));
    this.init = init;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

const titleOf = (status: number): string => TITLES[status] ?? "Error";

/** Answers with `application/problem+json`. Errors are never cached unless `headers` says so. */
export function respondProblem(c: Context<AppEnv>, init: ProblemInit): Response {
  const { headers, body } = writeProblem(init, c.get("requestId"));
  return c.newResponse(body, { status: init.status as StatusCode, headers: new Headers(headers) });
}

/** Headers and body of a problem. */
function writeProblem(init: ProblemInit, requestId: string) {
  const problem: Problem = {
    type: init.kind === undefined ? "about:blank" : `urn:stratum:problem:${init.kind}`,
    title: init.title ?? titleOf(init.status),
    status: init.status,
    ...(init.detail !== undefined && { detail: init.detail }),
    ...(init.errors !== undefined && { errors: [...init.errors] }),
    ...(init.status >= 500 && { request_id: requestId }),
    ...init.members,
  };
  const headers = { "Cache-Control": "no-store", ...init.headers, "Content-Type": "application/problem+json" };
  return { headers, body: JSON.stringify(problem) };
}

/** A problem with all that middleware gives an answer, for a request that no app can be asked. */
export function bareProblem(init: ProblemInit) {
  const requestId = crypto.randomUUID();
  const { headers, body } = writeProblem(init, requestId);
  const whole: Readonly<Record<string, string>> = {
    ...OPEN_HEADERS,
    ...SAFE_HEADERS,
    ...headers,
    "X-Request-Id": requestId,
  };
  return { status: init.status, statusText: titleOf(init.status), headers: whole, body };
}

/** A problem among a route's documented answers. */
export function problemAnswer(description: string) {
  return { description, content: { "application/problem+json": { schema: problemSchema } } };
}

/** What any route may answer beside its own. */
export const unexpectedAnswer = {
  500: problemAnswer("Something went wrong on our side; `request_id` finds it in the log."),
};

/** The one place where errors become answers. Whatever is not known here is logged and answered as a bare 500. */
export function problemOfError(error: unknown, requestId: string, log: Log): ProblemInit {
  if (error instanceof ProblemError) return error.init;
  if (error instanceof StoreUnavailableError) {
    log.warn("store unavailable", { requestId, error: error.message });
    return {
      status: 503,
      kind: "store-unavailable",
      detail: error.detail ?? "The report store does not answer. Try again.",
      headers: { "Retry-After": "2" },
    };
  }
  if (error instanceof DatabaseUnavailableError) return databaseAway(error);
  if (error instanceof BillingOffError) return BILLING_OFF;
  if (error instanceof PaymentsUnavailableError) {
    log.error("payments unavailable", { requestId, error });
    return PAYMENTS_AWAY;
  }
  if (error instanceof HTTPException && error.status < 500) return { status: error.status, detail: error.message };
  log.error("request failed", { requestId, error: error instanceof Error ? (error.stack ?? error.message) : error });
  return { status: 500, detail: "Something went wrong on our side. The request id finds it in our log." };
}

const databaseAway = ({ message }: DatabaseUnavailableError): ProblemInit => ({
  status: 503,
  kind: "database-unavailable",
  detail: `${message}; it keeps scores, counts and accounts. Tiles and reports go on; try again.`,
  headers: { "Retry-After": "5" },
});

const BILLING_OFF: ProblemInit = {
  status: 503,
  kind: "billing-off",
  detail: "Billing is off here: nothing can be bought, and nothing is charged.",
};

const PAYMENTS_AWAY: ProblemInit = {
  status: 503,
  kind: "payments-unavailable",
  detail: "Whoever takes the money does not answer. Nothing was charged by this; try again.",
  headers: { "Retry-After": "30" },
};

const MAX_FIELD_ERRORS = 50;
const MAX_TOLD_ERRORS = 6;

/** 400 that names every wrong field. */
export function invalidRequest(errors: readonly FieldError[]): ProblemInit {
  const told = errors.slice(0, MAX_TOLD_ERRORS).map(({ field, message }) => `${field} ${message}`);
  if (errors.length > told.length) told.push(`${errors.length - told.length} more`);
  return {
    status: 400,
    kind: "invalid-request",
    title: "The request is not valid",
    detail: told.join("; "),
    errors: errors.slice(0, MAX_FIELD_ERRORS),
  };
}

const MAX_NAME = 64;
const shorten = (name: string): string => (name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name);

/** Field errors of a failed zod parse. Messages complete a sentence that begins with the field's name. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ field: shorten(key), message: issue.message }));
    }
    const limit = limitOf(issue);
    const field = shorten(issue.path.join(".") || "body");
    return [{ field, message: issue.message, ...(limit !== undefined && { limit }) }];
  });
}

function limitOf(issue: z.core.$ZodIssue): number | undefined {
  if (issue.code === "too_big") return Number(issue.maximum);
  if (issue.code === "too_small") return Number(issue.minimum);
  if (issue.code === "custom" && typeof issue.params?.limit === "number") return issue.params.limit;
  return undefined;
}
