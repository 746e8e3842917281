import { levelOfZoom } from "../../tiles/domains.ts";
import { encodeGeohash } from "../../tiles/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import type { App } from "./app.ts";
import type { Machine } from "./host.ts";
import type { Ledger } from "./ledger.ts";
import type { Link } from "./link.ts";
import type { ListAction, ReadAction } from "./scenario.ts";
import { REPORTS_ZOOM, readShown, tileOf } from "./shown.ts";

/**
 * Reads while others write and everything fails, and holds each process to what it said: what it thanked for, it shows from
 * then on, and what it once showed, it goes on showing until somebody edits it.
 */
export interface Reader {
  /** A process has thanked for a report. */
  noteThanked(by: App, report: Report): void;
  read(action: ReadAction, machine: Machine): Promise<void>;
  list(action: ListAction, machine: Machine): Promise<void>;
}

/** Half the side of the boxes that lists ask for, degrees; small enough for a query. */
const BOX_DEG = 0.2;
const PAGE = 20;
const MAX_PAGES = 50;

export function createReader({ link, ledger }: { readonly link: Link; readonly ledger: Ledger }): Reader {
  /** By process: reports that it must show. */
  const promised = new Map<App, Map<string, Report>>();

  const promisedBy = (app: App): Map<string, Report> => {
    const known = promised.get(app) ?? new Map<string, Report>();
    promised.set(app, known);
    return known;
  };
  const isEdited = (id: string): boolean => ledger.edits.some((edit) => edit.id === id);

  async function shownBy(app: App, { layer, place, zoom, window }: ReadAction): Promise<void> {
    const tile = tileOf(place, zoom);
    const { precision } = levelOfZoom(zoom);
    const geohash = encodeGeohash(place.lonDeg, place.latDeg, precision);
    const before = [...promisedBy(app).values()].filter(
      (report) => report.layer === layer && encodeGeohash(report.lonDeg, report.latDeg, precision) === geohash,
    );
    const shown = (await readShown(app, layer, tile, window)).get(geohash);
    const expected = before.filter(({ id }) => !isEdited(id));
    if (window === "90d" && (shown?.count ?? 0) < expected.length) {
      const ids = shown?.ids ?? [];
      const missing = expected.filter(({ id }) => zoom < REPORTS_ZOOM || !ids.includes(id)).map(({ text }) => text);
      ledger.violate(
        "a process shows what it thanked for",
        `z${zoom} ${layer} ${geohash}: ${shown?.count ?? 0} shown, ${expected.length} promised (${missing})`,
      );
    }
  }

  return {
    noteThanked: (by, report) => promisedBy(by).set(report.id, report),

    async read(action, machine) {
      await link.ask(machine, (app) => shownBy(app, action));
    },

    async list({ place: { lonDeg, latDeg } }, machine) {
      await link.ask(machine, async (app) => {
        const bounds = {
          west: lonDeg - BOX_DEG,
          east: lonDeg + BOX_DEG,
          south: latDeg - BOX_DEG,
          north: latDeg + BOX_DEG,
        };
        const isInside = (report: Report): boolean =>
          Math.abs(report.lonDeg - lonDeg) < BOX_DEG && Math.abs(report.latDeg - latDeg) < BOX_DEG;
        const before = [...promisedBy(app).values()].filter(isInside);
        const layers = [...new Set(before.map(({ layer }) => layer))];
        if (layers.length === 0) return;
        const listed = new Set<string>();
        let cursor: string | undefined;
        for (let pages = 0; pages < MAX_PAGES; pages++) {
          const page = await app.list({ bounds, layers, limit: PAGE, ...(cursor !== undefined && { cursor }) });
          for (const { id } of page.reports) {
            if (listed.has(id)) ledger.violate("lists tell each report once", id);
            listed.add(id);
          }
          cursor = page.nextCursor;
          if (cursor === undefined) break;
        }
        const missing = before.filter(({ id }) => !listed.has(id) && !isEdited(id));
        if (missing.length === 0) return;
        ledger.violate("a process lists what it thanked for", missing.map(({ text }) => text).join());
      });
    },
  };
}
