import { expect, it } from "vitest";
import { placeOfQuery } from "../../../server/reports/export-place.ts";
import { reportsSource } from "../../../server/trends/report-export.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { openDenseCell } from "../../kit/cities/dense-cell.ts";

const NOW = Date.UTC(2026, 5, 1, 12);

it("costs by the thousand rows, however dense a cell is, and holds a few thousand at a time", async () => {
  for (const perLayer of [1000, 4000]) {
    const { city, model, clock } = await openDenseCell(perLayer, NOW);
    const pyramid = await city.startProcess();
    const filter = { place: placeOfQuery({}), layers: REPORT_LAYERS, toMs: clock.nowMs };
    const { pages } = reportsSource({ store: city.store, pyramid, clock }, filter);
    model.reset();
    let rows = 0;
    let most = 0;
    for await (const page of pages(5000)) {
      rows += page.rows.length;
      most = Math.max(most, page.rows.length);
    }
    expect(rows).toBe(4 * (perLayer + 1603));
    expect(most).toBeLessThan(3000);
    // A Query and a look for shards for each thousand, and what is known of the cells: half a unit is 4 KiB, about twenty rows.
    expect(model.used.requests).toBeLessThan(2 * (rows / 1000 + 8) + 20);
    expect(model.used.read).toBeLessThan(0.03 * rows + 20);
  }
});
