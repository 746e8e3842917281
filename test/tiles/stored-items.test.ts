import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addMicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { indexMicroCells } from "../../tiles/cluster/cluster-cell-index.ts";
import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { encodeReportLayer } from "../../tiles/cluster/report-tile.ts";
import { decodeMicroCellGroup, decodeMicroCells, encodeMicroCells } from "../../tiles/codec/micro-cell-codec.ts";
import { decodeEdited, decodeReports, encodeEdited, encodeReports } from "../../tiles/codec/report-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS, TIME_WINDOWS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { seededRandom } from "../kit/random.ts";
import { makeCity, makeReport } from "../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

/** Reports in the one geohash-5 cell of a place. */
const cellful = fc
  .record({
    lon: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 180, 0)),
    lat: fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, 90, 0, 85.06)),
    count: fc.integer({ min: 0, max: 60 }),
    seed: fc.integer(),
  })
  .map(({ lon, lat, count, seed }) => {
    const random = seededRandom(seed);
    const geohash = encodeGeohash(lon, lat, 5);
    const reports: Report[] = [];
    for (let i = 0; i < count * 3 && reports.length < count; i++) {
      const report = makeReport(
        {
          lonDeg: Math.max(-180, Math.min(180, lon + (random() - 0.5) * 0.04)),
          latDeg: Math.max(-90, Math.min(90, lat + (random() - 0.5) * 0.04)),
          createdAtMs: Math.floor(NOW - random() * 89 * DAY),
          severity: 1 + Math.floor(random() * 5),
          category: ["theft", "Straße", "🚲"][Math.floor(random() * 3)] ?? "",
        },
        random,
      );
      if (encodeGeohash(report.lonDeg, report.latDeg, 5) === geohash) reports.push(report);
    }
    const columns = columnsOfReports(reports);
    // Half of the cells have several write shards, the first five bits of what an id has beside time and place.
    if (seed % 2 !== 0)
      for (let i = 0; i < columns.length; i++) columns.idRest[i] = (columns.idRest[i] ?? 0) + (i % 32) * 2 ** 40;
    return { geohash, columns };
  });

describe("reports as a stored item", () => {
  it("read back as they were", () => {
    fc.assert(
      fc.property(cellful, ({ geohash, columns }) => {
        expect(decodeReports(encodeReports(columns, geohash), geohash, "item")).toEqual(columns);
      }),
    );
  });

  it("take at most 15 bytes each", () => {
    const columns = columnsOfReports(
      makeCity(20_000, NOW).filter((r) => encodeGeohash(r.lonDeg, r.latDeg, 5) === "9vk0m"),
    );
    expect(columns.length).toBeGreaterThan(100);
    expect(encodeReports(columns, "9vk0m").length / columns.length).toBeLessThan(15);
  });
});

describe("micro cells as a stored item", () => {
  it("make the same tiles as before, in every window, also when added up first", () => {
    fc.assert(
      fc.property(cellful, fc.integer({ min: 4, max: 13 }), ({ geohash, columns }, zoom) => {
        const level = levelOfZoom(zoom);
        const cells = microCellsOfReports(columns, 7, NOW);
        const stored = decodeMicroCells(encodeMicroCells(cells, NOW), "item");
        const place =
          columns.length > 0
            ? ([(columns.lonE6[0] as number) / 1e6, (columns.latE6[0] as number) / 1e6] as const)
            : ([0, 0] as const);
        const tile = tileAt(worldX(place[0]), worldY(place[1]), zoom);
        const precision = level.microPrecision;
        for (const window of TIME_WINDOWS) {
          const [before, after] = [cells, stored].map((c) =>
            encodeReportLayer("safety", tile, [
              indexMicroCells(addMicroCells([c], precision), level, REPORT_LAYERS[0], window),
            ]),
          );
          expect(after, `${geohash} ${window}`).toEqual(before);
        }
      }),
    );
  });

  it("write the same bytes again after they were read", () => {
    fc.assert(
      fc.property(cellful, ({ columns }) => {
        const bytes = encodeMicroCells(microCellsOfReports(columns, 6, NOW), NOW);
        const cells = decodeMicroCells(bytes, "item");
        expect(encodeMicroCells(cells, cells.beforeMs)).toEqual(bytes);
      }),
    );
  });
});

describe("micro cells that are read together", () => {
  const parts = [...Map.groupBy(makeCity(3000, NOW), ({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, 5))].sort();
  const sets = parts.map(([, reports]) => microCellsOfReports(columnsOfReports(reports), 7, NOW));
  const items = sets.map((cells, i) => ({ name: `${i}`, body: encodeMicroCells(cells, NOW) }));
  const wholeOnly = (found: ReturnType<typeof decodeMicroCellGroup>) =>
    found.flatMap((cells) => (cells instanceof StoredItemError ? [] : [cells]));

  it("are what each is alone, and add up to the same without a copy", () => {
    const together = wholeOnly(decodeMicroCellGroup(items));
    const alone = items.map(({ name, body }) => decodeMicroCells(body, name));
    expect(together).toEqual(alone);
    const sum = addMicroCells(together, 7);
    expect(sum).toEqual(addMicroCells(alone, 7));
    expect(sum.key.buffer).toBe(together[0]?.key.buffer);
  });

  it("are whole although one among them is damaged, which is named", () => {
    const damaged = items.map((item) => ({ ...item, body: item.body.slice() }));
    const body = damaged[2]?.body as Uint8Array;
    body[20] = (body[20] as number) ^ 1;
    const found = decodeMicroCellGroup(damaged);
    expect(found[2]).toBeInstanceOf(StoredItemError);
    expect((found[2] as StoredItemError).message).toMatch(/^2: damaged/);
    const rest = sets
      .filter((_, i) => i !== 2)
      .map((cells, i) => decodeMicroCells(encodeMicroCells(cells, NOW), `${i}`));
    expect(wholeOnly(found)).toEqual(rest);
    expect(addMicroCells(wholeOnly(found), 7)).toEqual(addMicroCells(rest, 7));
  });
});

describe("a damaged item", () => {
  const columns = columnsOfReports(makeCity(300, NOW).filter((r) => encodeGeohash(r.lonDeg, r.latDeg, 4) === "9vk0"));
  const cells = encodeMicroCells(microCellsOfReports(columns, 7, NOW), NOW);

  it("is an error that names the item, wherever it is cut or changed", () => {
    fc.assert(
      fc.property(fc.nat({ max: cells.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = cells.slice();
        changed[at] = (changed[at] as number) ^ change;
        expect(() => decodeMicroCells(changed, "cell aggregates safety/9vk 9vk0")).toThrow(
          /cell aggregates safety\/9vk 9vk0/,
        );
        expect(() => decodeMicroCells(cells.subarray(0, at), "x")).toThrow(StoredItemError);
      }),
    );
  });

  it("of another kind or version is refused, not misread", () => {
    expect(() => decodeReports(cells, "9vk0m", "x")).toThrow("not of kind reports");
    const later = cells.slice();
    later[1] = 99;
    expect(() => decodeMicroCells(later, "x")).toThrow("format version 99");
  });

  it("is never a crash of another sort, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeMicroCells(bytes, "x")).toThrow(StoredItemError);
        expect(() => decodeReports(bytes, "9vk0m", "x")).toThrow(StoredItemError);
      }),
    );
  });
});

describe("edited reports as a stored item", () => {
  const versions = new Map([
    ["01n8gr94pu9v6kp00qtdwyg00", 2],
    ["01n8gr94pv9v6kp00qtdwyg01", 70_000],
  ]);

  it("read back as they were", () => {
    fc.assert(
      fc.property(cellful, ({ geohash, columns }) => {
        const edited = { versions, rows: columns };
        expect(decodeEdited(encodeEdited(edited, geohash), geohash, "item")).toEqual(edited);
      }),
    );
  });

  it("have the bytes that their version always had", () => {
    const body = encodeEdited({ versions, rows: columnsOfReports([]) }, "9v6kp");
    expect(Buffer.from(body).toString("hex")).toMatchInlineSnapshot(
      `"4502021930316e386772393470753976366b7030307174647779673030021930316e386772393470763976366b7030307174647779673031f0a204000000050137d23c"`,
    );
  });
});
