import type { ReportJson } from "../api/api.ts";
import type { MapHandle } from "../map/map-handle.ts";
import { clusterLayerOf, singleLayerOf } from "../map/report-layers.ts";
import { categoryIcon } from "../ui/category-icons.ts";
import { element, icon } from "../ui/dom.ts";
import { categoryLabel } from "../words/words.ts";
import type { Outbox } from "./outbox.ts";
import type { OutboxEntry } from "./outbox-entry.ts";

/** A sent report is drawn by its tile, alone or within a cluster, well within this time. */
const DRAWN_AFTER_MS = 2_000;
/** A cluster stands no farther than this from what it took in. */
const CLUSTER_PX = 100;

/** Marks what waits in the outbox on the map; a mark stays until the report's tile shows what it stands for. */
export function bindPendingMarks(liveMap: MapHandle, outbox: Outbox, open: () => void): void {
  const removers = new Map<string, () => void>();
  const remove = (key: string) => {
    removers.get(key)?.();
    removers.delete(key);
  };
  const sent = new Set<string>();

  const update = () => {
    const entries = outbox.list();
    const wanted = new Set(entries.map(({ key }) => key));
    for (const key of removers.keys()) if (!wanted.has(key) && !sent.has(key)) remove(key);
    for (const entry of entries) {
      if (removers.has(entry.key)) continue;
      const { lon, lat } = entry.draft;
      removers.set(entry.key, liveMap.mark([lon, lat], pendingMark(entry, open)));
    }
  };
  outbox.listen((event) => {
    if (event.type === "sent") {
      const { key } = event.entry;
      // What a moderator is to look at first no tile will show.
      if (event.report.held) remove(key);
      else {
        sent.add(key);
        liveMap.showNew(event.report);
        whenDrawn(liveMap, event.report, () => {
          remove(key);
          sent.delete(key);
        });
      }
    }
    update();
  });
  update();
}

function pendingMark({ draft: { layer, category } }: OutboxEntry, open: () => void): HTMLElement {
  const label = `${categoryLabel(category)}, waiting to be sent`;
  const mark = element(
    "button",
    { type: "button", class: `pending-mark on-${layer}`, "aria-label": label, title: label },
    icon(categoryIcon(category, layer)),
  );
  mark.addEventListener("click", (event) => {
    // Else the map takes it for a click on what lies below.
    event.stopPropagation();
    open();
  });
  return mark;
}

function whenDrawn({ map }: MapHandle, report: ReportJson, done: () => void): void {
  const createdAtSeconds = Math.floor(Date.parse(report.created_at) / 1000);
  const isDrawn = () => {
    const layers = [singleLayerOf(report.layer), clusterLayerOf(report.layer)].filter((id) => map.getLayer(id));
    const { x, y } = map.project([report.lon, report.lat]);
    const around: [[number, number], [number, number]] = [
      [x - CLUSTER_PX, y - CLUSTER_PX],
      [x + CLUSTER_PX, y + CLUSTER_PX],
    ];
    return map
      .queryRenderedFeatures(around, { layers })
      .some(({ properties: { id, point_count, newest } }) =>
        point_count === undefined ? id === report.id : Number(newest) >= createdAtSeconds,
      );
  };
  const finish = () => {
    clearTimeout(timer);
    looking.unsubscribe();
    done();
  };
  const looking = map.on("idle", () => {
    if (isDrawn()) finish();
  });
  const timer = setTimeout(finish, DRAWN_AFTER_MS);
}
