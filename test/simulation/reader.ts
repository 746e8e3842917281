import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import type { ListAction, ReadAction } from "./actions.ts";
import type { App } from "./app.ts";
import type { Machine } from "./host.ts";
import type { Ledger } from "./ledger.ts";
import type { Link } from "./link.ts";
import { createToldChanges, type ToldChanges } from "./published-changes.ts";
import { isKnown, REPORTS_ZOOM, readShown, tileOf } from "./shown.ts";

/**
 * Reads while others write and everything fails, and holds each process to what it said: what it thanked for, it shows from
 * then on; what it once showed close by, it goes on showing there until somebody edits it; what it hid, it does not show; and nothing is shown
 * that was not stored. Open maps are told of what changes.
 */
export interface Reader {
  readonly told: ToldChanges;
  /** A process has thanked for a report. */
  noteThanked(by: App, report: Report): void;
  /** A process has said that a report is not shown any more. */
  noteHidden(by: App, id: string): void;
  read(action: ReadAction, machine: Machine): Promise<void>;
  list(action: ListAction, machine: Machine): Promise<void>;
  /** A report is to be seen by now. */
  expect(report: Report, machine: Machine): Promise<void>;
}

/** Half the side of the boxes that lists ask for, degrees; small enough for a query. */
const BOX_DEG = 0.2;
const PAGE = 20;
const MAX_PAGES = 50;

/** From this zoom on tiles are made of cells that were read, sooner than others are told. */
const CELLS_ZOOM = 14;

/** What a process has said. */
interface Promises {
  readonly thanked: Map<string, Report>;
  /** What it showed in close tiles, or listed. */
  readonly seen: Map<string, Report>;
  readonly hidden: Set<string>;
}

export interface ReaderOptions {
  readonly link: Link;
  readonly ledger: Ledger;
  readonly isStored: (id: string) => boolean;
}

export function createReader({ link, ledger, isStored }: ReaderOptions): Reader {
  const promises = new WeakMap<App, Promises>();
  const told = createToldChanges(ledger);

  const promisesOf = (app: App): Promises => {
    const known = promises.get(app) ?? { thanked: new Map(), seen: new Map(), hidden: new Set() };
    promises.set(app, known);
    return known;
  };
  const isEdited = (id: string): boolean => ledger.edits.some((edit) => edit.id === id);
  const mayReturn = (id: string): boolean =>
    ledger.edits.some(({ id: of, edit }) => of === id && edit.kind === "restore");
  const reportOf = (id: string): Report | undefined =>
    ledger.imported.get(id)?.report ?? [...ledger.posts.values()].find(({ report }) => report?.id === id)?.report;

  async function look(app: App, { layer, place, zoom, window, isEncoded }: ReadAction): Promise<void> {
    const tile = tileOf(place, zoom);
    const { precision } = levelOfZoom(zoom);
    const geohash = encodeGeohash(place.lonDeg, place.latDeg, precision);
    const { thanked, seen, hidden } = promisesOf(app);
    const hiddenBefore = new Set(hidden);
    const before = [...new Map([...thanked, ...(zoom >= CELLS_ZOOM ? seen : [])]).values()].filter(
      (report) => report.layer === layer && encodeGeohash(report.lonDeg, report.latDeg, precision) === geohash,
    );
    const toldBefore = told.count(app);
    if (isEncoded) await app.tile(layer, tile, window);
    const shown = (await readShown(app, layer, tile, window)).get(geohash);
    const ids = shown?.ids ?? [];
    checkIds(app, ids, hiddenBefore);
    if (window === "90d") told.look(app, { layer, zoom, geohash }, shown, toldBefore);
    const expected = before.filter(({ id }) => !isEdited(id));
    if (window !== "90d" || (shown?.count ?? 0) >= expected.length) return;
    const missing = expected.filter(({ id }) => zoom < REPORTS_ZOOM || !ids.includes(id)).map(({ text }) => text);
    const detail = `z${zoom} ${layer} ${geohash}: ${shown?.count ?? 0} shown, ${expected.length} promised (${missing})`;
    ledger.violate("a process goes on showing what it thanked for or showed", detail);
  }

  /** Of single reports that a process shows, which also are promised from now on. */
  function checkIds(app: App, ids: Iterable<string>, hidden: ReadonlySet<string>): void {
    for (const id of ids) {
      if (!isStored(id)) ledger.violate("nothing is shown that was not stored", id);
      if (hidden.has(id) && !mayReturn(id)) ledger.violate("a process does not show what it hid", id);
      const report = reportOf(id);
      if (report !== undefined && !isSoonGone(report)) promisesOf(app).seen.set(id, report);
    }
  }

  async function listed(app: App, report: Pick<Report, "lonDeg" | "latDeg">, layers: Report["layer"][]) {
    const { lonDeg, latDeg } = report;
    const bounds = { west: lonDeg - BOX_DEG, east: lonDeg + BOX_DEG, south: latDeg - BOX_DEG, north: latDeg + BOX_DEG };
    const ids = new Set<string>();
    let cursor: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = await app.list({ bounds, layers, limit: PAGE, ...(cursor !== undefined && { cursor }) });
      for (const { id } of page.reports) {
        if (ids.has(id)) ledger.violate("lists tell each report once", id);
        ids.add(id);
      }
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    return ids;
  }

  return {
    told,
    noteThanked: (by, report) => promisesOf(by).thanked.set(report.id, report),
    noteHidden: (by, id) => promisesOf(by).hidden.add(id),

    async read(action, machine) {
      await link.ask(machine, (app) => look(app, action));
    },

    async list({ place }, machine) {
      await link.ask(machine, async (app) => {
        const { thanked, hidden } = promisesOf(app);
        const hiddenBefore = new Set(hidden);
        const before = [...thanked.values()].filter(
          (report) =>
            Math.abs(report.lonDeg - place.lonDeg) < BOX_DEG && Math.abs(report.latDeg - place.latDeg) < BOX_DEG,
        );
        const layers = [...new Set(before.map(({ layer }) => layer))];
        if (layers.length === 0) return;
        const ids = await listed(app, place, layers);
        checkIds(app, ids, hiddenBefore);
        const missing = before.filter(({ id }) => !ids.has(id) && !isEdited(id));
        if (missing.length === 0) return;
        ledger.violate("a process lists what it thanked for", missing.map(({ text }) => text).join());
      });
    },

    async expect(report, machine) {
      const geohash = encodeGeohash(report.lonDeg, report.latDeg, levelOfZoom(REPORTS_ZOOM).precision);
      await link.ask(machine, async (app) => {
        const tile = tileOf(report, REPORTS_ZOOM);
        const shown = (await readShown(app, report.layer, tile, "90d")).get(geohash);
        if (isEdited(report.id) || (shown !== undefined && (!isKnown(shown) || shown.ids?.includes(report.id)))) return;
        ledger.violate("every process shows a report within two seconds", `${report.text} at ${machine.name}`);
      });
    },
  };
}

const HOUR_MS = 3_600_000;

/** Expires within the longest run; it may go at any time then. */
const isSoonGone = ({ expiresAtMs }: Report): boolean => expiresAtMs < Date.now() + 2 * HOUR_MS;
