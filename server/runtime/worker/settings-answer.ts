import { OPEN_HEADERS, SAFE_HEADERS } from "../../http/core/safe-headers.ts";
import type { SettingsError } from "./worker-env.ts";

/** Answers for a Worker that cannot run as it is set up: the app that would, needs what is missing. */
export function answerSettingsError({ message }: SettingsError): Response {
  const problem = {
    type: "urn:stratum:problem:settings",
    title: "The Worker is not set up",
    status: 503,
    detail: `${message} wrangler.toml says how to set them.`,
  };
  const headers = {
    ...SAFE_HEADERS,
    ...OPEN_HEADERS,
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
  };
  return new Response(JSON.stringify(problem), { status: 503, headers });
}
