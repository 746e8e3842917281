import type { ReportLayer } from "../../tiles/layers.ts";
import type { App } from "./app.ts";
import type { Ledger } from "./ledger.ts";
import type { Shown } from "./shown.ts";

/** Whether open maps are told of what changes: they ask again only for tiles of which they are told. */
export interface ToldChanges {
  /** How many changes a process has told of. */
  count(app: App): number;
  /** What a process shows of a cluster cell now, to a reader who began when so many changes had been told. */
  look(app: App, view: View, shown: Shown | undefined, toldBefore: number): void;
  /** All is quiet: every change that somebody saw in these processes has been told, before or, where a reader was faster, after. */
  check(apps: readonly App[]): void;
}

export interface View {
  readonly layer: ReportLayer;
  readonly zoom: number;
  /** The cluster cell. */
  readonly geohash: string;
}

interface Look extends View {
  readonly digest: string;
  readonly told: number;
  /** What it was when somebody looked before. */
  readonly before: Look | undefined;
}

export function createToldChanges(ledger: Ledger): ToldChanges {
  const looks = new WeakMap<App, Map<string, Look>>();

  /** Nobody is told of what has expired. */
  const mayExpire = (): boolean =>
    [...ledger.imported.values()].some(({ report }) => report.expiresAtMs < Date.now() + HOUR_MS);

  function checkLook(app: App, { layer, zoom, geohash, digest, before }: Look): void {
    if (before === undefined) return;
    checkLook(app, before);
    if (before.digest === digest) return;
    const told = app.changes?.slice(before.told) ?? [];
    if (told.some((change) => change.layer === layer && areRelated(change.geohash, geohash))) return;
    ledger.violate("open maps are told of changes", `z${zoom} ${layer} ${geohash}: ${before.digest} became ${digest}`);
  }

  return {
    count: ({ changes }) => changes?.length ?? 0,
    look(app, view, shown, told) {
      if (app.changes === undefined) return;
      const known = looks.get(app) ?? new Map<string, Look>();
      looks.set(app, known);
      const key = `z${view.zoom} ${view.layer} ${view.geohash}`;
      known.set(key, { ...view, digest: digestOf(shown), told, before: known.get(key) });
    },
    check(apps) {
      if (mayExpire()) return;
      for (const app of apps) for (const look of looks.get(app)?.values() ?? []) checkLook(app, look);
    },
  };
}

function digestOf({ count, severity, ids }: Shown = { count: 0, severity: 0, ids: undefined }): string {
  return `${count} of severity ${severity}${ids === undefined ? "" : ` (${[...ids].sort()})`}`;
}

const areRelated = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

const HOUR_MS = 3_600_000;
