import type { Steps } from "../../console/terminal.ts";
import type { Database } from "../../postgres/database.ts";

/**
 * What PostgreSQL's first answer refuses us for, if anything; the first try is shown as a step. Told by whoever started the
 * process (`end-when-refused.ts`), not here. Never rejects.
 */
export async function refusalOf({ firstTry }: Database, place: string, steps: Steps): Promise<Error | undefined> {
  try {
    await steps.run("PostgreSQL", async (note) => note(`${place}, ${await firstTry}`));
    return undefined;
  } catch (error) {
    return error instanceof Error && error.name !== "AbortError" ? error : undefined;
  }
}

/** Waits for nothing: what is not known yet is no refusal. */
export async function throwIfRefused(refusal: Promise<Error | undefined>): Promise<void> {
  const known = await Promise.race([refusal, undefined]);
  if (known !== undefined) throw known;
}
