import { performance } from "node:perf_hooks";
import type { Log } from "./log.ts";

/** So long after its start whoever started a process still looks at it; later, what it serves matters more. */
const STARTING_MS = 5_000;

/**
 * Ends what has just been started when PostgreSQL refuses it: a wrong password is better seen at once than by its consequences.
 * Refused later, it goes on, for tiles and reports do not need PostgreSQL; then the log says what to do.
 * @throws what it is refused for, when the process has only just been started, after everything was closed.
 */
export async function endWhenRefused(
  server: { readonly refusal: Promise<Error | undefined>; close(): Promise<void> },
  log: Log,
): Promise<void> {
  const refusal = await server.refusal;
  if (refusal === undefined) return;
  if (performance.now() > STARTING_MS) {
    return log.error("PostgreSQL cannot be used: serving without it until it can", { error: refusal });
  }
  await server.close();
  throw refusal;
}
