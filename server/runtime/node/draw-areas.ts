import { drawMissingAreas } from "../../area-import/seed-areas.ts";
import type { Log } from "../../console/log.ts";
import type { Background } from "../../kit/background.ts";
import type { Clock } from "../../ports/clock.ts";
import { createCompactor } from "../../pyramid/compactor.ts";
import type { Config } from "../config.ts";
import type { OpenedReports } from "../stores/opened-reports.ts";

/** How soon it is tried again where it failed. */
const RETRY_MS = 60_000;

/**
 * Draws the demo's areas in an embedded store that was seeded before there were any, once, in the background. Somebody else's database gets
 * nothing that nobody asked for.
 */
export function drawAreasInBackground(
  { seed, dynamo, databaseUrl }: Pick<Config, "seed" | "dynamo" | "databaseUrl">,
  work: { readonly background: Background; readonly reports: OpenedReports; readonly clock: Clock; readonly log: Log },
): void {
  if (!seed || dynamo !== undefined || databaseUrl !== undefined) return;
  const { background, reports, clock, log } = work;
  const { store, derived } = reports;
  let isDone = false;
  const draw = async () => {
    if (isDone) return;
    const compactor = createCompactor({ store, derived, clock, log });
    const cities = await drawMissingAreas({ store, derived, clock, log, compactor });
    isDone = true;
    if (cities > 0) log.info("areas of the demo's cities drawn", { cities });
  };
  background.repeat(draw, { name: "drawing areas", everyMs: RETRY_MS });
}
