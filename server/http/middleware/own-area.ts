import type { Context } from "hono";
import type { AreaShapes } from "../../areas/area-shapes.ts";
import type { FoundArea } from "../../areas/find-area.ts";
import { isOwnAreaId } from "../../areas/own-area-id.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { asFoundArea } from "../../own-areas/own-area.ts";
import { createOwnAreaTable } from "../../own-areas/own-area-table.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError } from "../core/problem.ts";
import { OWN_CARDS_PER_MINUTE } from "../core/route-limits.ts";
import { ownerOf } from "./owner.ts";

/** An own area as public ones are found, and where its corners are. */
export interface FoundOwnArea extends FoundArea {
  readonly shapes: Pick<AreaShapes, "meeting">;
}

/**
 * Finds an area of the account that asks; undefined where an id is none of an own area, or of another account's. @throws ProblemError 401 when a key
 * is sent that there is not, 403 when the area is beyond what the account's plan gives, 429 when it asks too often
 */
export type FindOwnArea = (c: Context<AppEnv>, id: string) => Promise<FoundOwnArea | undefined>;

export function createOwnAreaFinder({ sql, clock }: AppParts): FindOwnArea {
  const table = sql && createOwnAreaTable(sql);
  const cards = createRateLimit({ clock, perMinute: OWN_CARDS_PER_MINUTE });
  return async (c, id) => {
    if (table === undefined || !isOwnAreaId(id)) return undefined;
    const owner = ownerOf(c);
    if (owner === undefined) return undefined;
    const waitSeconds = cards.take(owner);
    if (waitSeconds > 0) throw tooMany(waitSeconds);
    const area = await table.find(owner, id, clock.now());
    if (area === undefined) return undefined;
    if (area.isPaused) throw new ProblemError(PAUSED);
    const found = asFoundArea(area);
    return { ...found, shapes: { meeting: async () => [found.area] } };
  };
}

const tooMany = (waitSeconds: number) =>
  new ProblemError({
    status: 429,
    detail: `At most ${OWN_CARDS_PER_MINUTE} cards and lists of own areas a minute are answered to one account.`,
    headers: { "Retry-After": `${waitSeconds}` },
  });

const PAUSED = {
  status: 403,
  kind: "own-area-paused",
  detail:
    "This area is beyond what the account's plan gives, and is not counted. Remove others, or take a larger plan.",
} as const;
