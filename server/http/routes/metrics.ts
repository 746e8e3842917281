import { sha256Hex } from "../../kit/sha256.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import type { RequestMetrics } from "../core/metrics.ts";
import { ProblemError } from "../core/problem.ts";

/** Mounts `/metrics`, for whoever sends the token, and for this machine. */
export function mountMetrics(app: App, parts: AppParts, metrics: RequestMetrics): void {
  const { metricsToken } = parts.settings;
  const isToken = metricsToken === undefined ? () => false : tokenCheck(metricsToken);

  app.get("/metrics", (c) => {
    const [, sent] = /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "") ?? [];
    const isAllowed = (sent !== undefined && isToken(sent)) || (parts.isLocal?.(c) ?? false);
    if (!isAllowed) throw new ProblemError(metricsToken === undefined ? NOT_LOCAL : TOKEN_NEEDED);
    return c.body(metrics.render(parts.samples?.() ?? []), 200, {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
      "Cache-Control": "no-store",
    });
  });
}

/** By hashes, whose comparison takes a time that tells nothing of the token. */
function tokenCheck(token: string): (sent: string) => boolean {
  const hash = sha256Hex(token);
  return (sent) => sha256Hex(sent) === hash;
}

const NOT_LOCAL = {
  status: 403,
  kind: "not-local",
  detail: "Metrics are for the machine itself, or with a token for whoever has that: set METRICS_TOKEN.",
};

const TOKEN_NEEDED = {
  status: 401,
  kind: "token-needed",
  detail: "Metrics need the token, in the header Authorization: Bearer TOKEN.",
  headers: { "WWW-Authenticate": 'Bearer realm="stratum metrics"' },
};
