import type { CallKind } from "./plans.ts";

/**
 * Who may ask for what: the one table that the gate before all routes goes by. With a route that is not in it the app does not
 * start.
 */
export type Access =
  /** Everybody. `knows`: a key or session that is sent is told to the route, which gives more for it. */
  | { readonly for: "anyone"; readonly knows?: true }
  /** Everybody; a key in the address is counted, and refused where it may not. */
  | { readonly for: "tiles" }
  /** Who has a plan with that, and everybody else as far as `ANONYMOUS` gives. `free`: within the minute's limit alone. */
  | { readonly for: "questions"; readonly counts: Exclude<CallKind, "tiles" | "dashboards"> | "free" }
  /** An account, by a key or a session. `demo: false`: but the one that shows the product. */
  | { readonly for: "account"; readonly demo?: false }
  /** An account by a session alone: a key that somebody found changes nothing here. */
  | { readonly for: "session"; readonly demo?: false }
  /** Accounts that operators let moderate somewhere; where, the route checks. */
  | { readonly for: "moderators" }
  | { readonly for: "operators" }
  /** Whoever has what the route itself asks for. */
  | { readonly for: "bearer-of"; readonly what: string };

const ANYONE: Access = { for: "anyone" };
const KNOWN: Access = { for: "anyone", knows: true };
const TRENDS: Access = { for: "questions", counts: "trends" };
const EXPORTS: Access = { for: "questions", counts: "exports" };
const ACCOUNT: Access = { for: "account" };
const SESSION: Access = { for: "session" };
const SESSION_BUT_DEMO: Access = { for: "session", demo: false };
const MODERATORS: Access = { for: "moderators" };
const OPERATORS: Access = { for: "operators" };

/** By method and path as Hono matches it. `HEAD` is what `GET` is. */
export const ACCESS: Readonly<Record<string, Access>> = {
  "GET /tiles/:layers/:z/:x/:file": { for: "tiles" },
  "GET /tiles/:file": ANYONE,
  "GET /tiles.json": ANYONE,
  "GET /api/reports": KNOWN,
  "POST /api/reports": ANYONE,
  "GET /api/reports/:id": ANYONE,
  "POST /api/reports/:id/flag": ANYONE,
  "GET /api/cities": ANYONE,
  "GET /api/cities/:city/reports": ANYONE,
  "GET /api/places": ANYONE,
  "GET /api/clusters/:id": ANYONE,
  "GET /api/clusters/:id/reports": ANYONE,
  "GET /api/neighborhood/:geohash": ANYONE,
  "GET /api/areas": ANYONE,
  "GET /api/areas/:id": KNOWN,
  "GET /api/live": KNOWN,

  "GET /api/trends/average": TRENDS,
  "GET /api/trends/changes": TRENDS,
  "GET /api/trends/rising": TRENDS,
  "GET /api/trends/daily": TRENDS,
  // The map's own ranking of areas.
  "GET /api/trends/areas": { for: "questions", counts: "free" },
  "GET /api/exports/scores.csv": EXPORTS,
  "GET /api/exports/scores.geojson": EXPORTS,
  "GET /api/exports/scores.ndjson": EXPORTS,
  "GET /api/exports/scores.parquet": EXPORTS,
  "GET /api/exports/reports-counts.csv": EXPORTS,
  "GET /api/exports/reports-counts.geojson": EXPORTS,
  "GET /api/exports/reports-counts.ndjson": EXPORTS,
  "GET /api/exports/reports-counts.parquet": EXPORTS,
  "GET /api/exports/reports.csv": EXPORTS,
  "GET /api/exports/reports.geojson": EXPORTS,
  "GET /api/exports/reports.ndjson": EXPORTS,
  "GET /api/exports/reports.parquet": EXPORTS,

  "GET /api/keys": SESSION,
  "POST /api/keys": SESSION,
  "POST /api/keys/:id/rotate": SESSION,
  "DELETE /api/keys/:id": SESSION,
  "GET /api/usage": ACCOUNT,

  "ALL /api/auth/*": { for: "bearer-of", what: "a password, a session, or a token that was sent by mail" },
  "GET /api/account": SESSION,
  "DELETE /api/account": SESSION_BUT_DEMO,
  "GET /api/account/export": SESSION,
  "GET /api/account/areas": SESSION,
  "POST /api/account/areas": SESSION,
  "GET /api/account/areas/:id": SESSION,
  "PATCH /api/account/areas/:id": SESSION,
  "DELETE /api/account/areas/:id": SESSION,

  "GET /api/plans": ANYONE,
  "GET /api/billing": SESSION,
  "POST /api/billing/checkout": SESSION_BUT_DEMO,
  "POST /api/billing/portal": SESSION_BUT_DEMO,
  "POST /api/billing/webhook": { for: "bearer-of", what: "Stripe's signature" },

  "GET /api/moderation/queue": MODERATORS,
  "GET /api/moderation/log": MODERATORS,
  "POST /api/moderation/:id/hide": MODERATORS,
  "POST /api/moderation/:id/restore": MODERATORS,
  "POST /api/moderation/:id/dismiss": MODERATORS,
  "POST /api/moderation/:id/undo": MODERATORS,
  "GET /api/operator/accounts": OPERATORS,
  "PATCH /api/operator/accounts/:id": OPERATORS,
  "DELETE /api/operator/accounts/:id/keys/:key": OPERATORS,

  "GET /healthz": ANYONE,
  "GET /readyz": ANYONE,
  "GET /metrics": { for: "bearer-of", what: "METRICS_TOKEN, or this machine" },
  "GET /openapi.json": ANYONE,
  "GET /.well-known/security.txt": ANYONE,
  "GET /basemap.json": ANYONE,
  "GET /basemap/:z{[0-9]{1,2}}/:x{[0-9]{1,5}}/:file{[0-9]{1,5}\\.pbf}": ANYONE,
};
