import { createRoute, z } from "@hono/zod-openapi";
import { within } from "../../kit/wait.ts";
import { DatabaseUnavailableError } from "../../ports/sql.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemSchema } from "../core/problem.ts";
import { publicPath } from "../core/public-address.ts";
import { KEY_SCHEME } from "../middleware/api-key.ts";
import { BUDGET_SPENT } from "../middleware/read-budget.ts";

const READY_WITHIN_MS = 2_000;

const health = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the process lives",
  tags: ["operations"],
  responses: {
    200: {
      description: "It lives.",
      content: { "application/json": { schema: z.object({ status: z.literal("ok") }) } },
    },
  },
});

const partState = z.enum(["ok", "down"]);
const readySchema = z.object({ status: partState, store: partState, database: partState });

const ready = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether the stores answer",
  tags: ["operations"],
  responses: {
    200: { description: "Both stores answer.", content: { "application/json": { schema: readySchema } } },
    429: BUDGET_SPENT,
    503: {
      description: "A store is down; `store` and `database` say which, `detail` why when that is known.",
      content: {
        "application/problem+json": { schema: problemSchema.extend(readySchema.omit({ status: true }).shape) },
      },
    },
  },
});

/** Mounts `/healthz`, `/readyz` and `/openapi.json`. */
export function mountOperations(app: App, parts: AppParts): void {
  app.openapi(health, (c) => c.json({ status: "ok" as const }, 200, { "Cache-Control": "no-store" }));

  app.openapi(ready, async (c) => {
    const [store, database] = await Promise.all([
      stateWithin(READY_WITHIN_MS, () => parts.store.ping()),
      stateWithin(READY_WITHIN_MS, () => parts.pingDatabase()),
    ]);
    const members = { store: store.state, database: database.state };
    if (store.state === "ok" && database.state === "ok") {
      return c.json({ status: "ok" as const, ...members }, 200, { "Cache-Control": "no-store" });
    }
    const down = Object.entries({ store, database }).flatMap(([part, { state, reason }]) =>
      state === "ok" ? [] : [reason === undefined ? part : `${part} (${reason})`],
    );
    throw new ProblemError({
      status: 503,
      kind: "not-ready",
      detail: `down: ${down.join(", ")}`,
      members,
      headers: { "Retry-After": "2" },
    });
  });

  app.openAPIRegistry.registerComponent("securitySchemes", KEY_SCHEME, {
    type: "http",
    scheme: "bearer",
    description:
      "An API key. Trends and exports are open without one, for now; with one, X-RateLimit-Limit, -Remaining and -Reset tell of the account's month.",
  });
  app.get("/openapi.json", (c) => {
    const info = {
      title: "STRATUM",
      version: "1",
      description: "Anonymous neighbourhood reports as live vector tiles.",
    };
    const document = app.getOpenAPI31Document({ openapi: "3.1.0", info, servers: [{ url: publicPath(c, "") || "/" }] });
    return c.json(document, 200, { "Cache-Control": "public, max-age=300" });
  });
}

interface PartState {
  readonly state: z.infer<typeof partState>;
  /** Only what may be told to anybody. */
  readonly reason?: string;
}

/** Runs a ping and says "down" when it fails or takes longer than `limitMs`. */
async function stateWithin(limitMs: number, ping: () => Promise<void>): Promise<PartState> {
  try {
    await within(limitMs, ping());
    return { state: "ok" };
  } catch (error) {
    return { state: "down", ...(error instanceof DatabaseUnavailableError ? { reason: error.message } : {}) };
  }
}
