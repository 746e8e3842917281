import type { Context } from "hono";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { createFloodWatch } from "../../moderation/flood-watch.ts";
import type { ReportDraft, WatchedReport } from "../../reports/create-report.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError } from "../core/problem.ts";

/** Whether a report is of a flood, and what becomes of it then. @throws ProblemError 429 when too many wait already */
export type FloodGate = (c: Context<AppEnv>, address: string, draft: ReportDraft) => WatchedReport;

/** This machine itself has no network, and makes no flood. */
export function createFloodGate({ clock, settings, moderation, isLocal }: AppParts): FloodGate {
  if (settings.holdFloods === false) return () => ({ isCrowd: false });
  const watch = createFloodWatch({ clock, reportsPerMinute: settings.reportsPerMinute });

  return (c, address, { layer, lonDeg, latDeg, text }) => {
    if (isLocal?.(c) === true) return { isCrowd: false };
    const { hold, isCrowd, waitSeconds } = watch({ address, layer, geohash7: encodeGeohash(lonDeg, latDeg, 7), text });
    if (waitSeconds !== undefined) {
      const detail = "So many reports of this network wait for a moderator that no more are taken just now.";
      throw new ProblemError({ status: 429, detail, headers: { "Retry-After": `${waitSeconds}` } });
    }
    return { isCrowd, holdBack: hold && ((report) => moderation.holdBack(report, hold)) };
  };
}
