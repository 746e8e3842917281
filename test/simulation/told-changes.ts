import type { ReportLayer } from "../../tiles/layers.ts";
import type { App } from "./app.ts";
import type { Ledger } from "./ledger.ts";
import type { Shown } from "./shown.ts";

/** Whether open maps are told of what changes: they ask again only for tiles of which they are told. */
export interface ToldChanges {
  /** How many changes a process has told of. */
  count(app: App): number;
  /** What a process shows of a domain now, to a reader who began when so many changes had been told. */
  look(app: App, view: View, shown: Shown | undefined, toldBefore: number): void;
}

export interface View {
  readonly layer: ReportLayer;
  readonly zoom: number;
  /** The domain. */
  readonly geohash: string;
}

interface Looked {
  readonly digest: string;
  readonly told: number;
}

export function createToldChanges(ledger: Ledger): ToldChanges {
  const looks = new WeakMap<App, Map<string, Looked>>();

  /** Nobody is told of what has expired. */
  const mayExpire = (): boolean => [...ledger.imported.values()].some(({ report }) => report.expiresAtMs < lastMs());

  return {
    count: ({ changes }) => changes?.length ?? 0,
    look(app, { layer, zoom, geohash }, shown, toldBefore) {
      const { changes } = app;
      if (changes === undefined) return;
      const known = looks.get(app) ?? new Map<string, Looked>();
      looks.set(app, known);
      const key = `z${zoom} ${layer} ${geohash}`;
      const digest = `${shown?.count ?? 0} of severity ${shown?.severity ?? 0}${shown?.ids === undefined ? "" : ` ${[...shown.ids].sort()}`}`;
      const before = known.get(key);
      known.set(key, { digest, told: toldBefore });
      if (before === undefined || before.digest === digest || mayExpire()) return;
      const isTold = changes
        .slice(before.told)
        .some((change) => change.layer === layer && areRelated(change.geohash, geohash));
      if (!isTold) ledger.violate("open maps are told of changes", `${key}: ${before.digest} became ${digest}`);
    },
  };
}

const areRelated = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

const HOUR_MS = 3_600_000;
const lastMs = (): number => Date.now() + HOUR_MS;
