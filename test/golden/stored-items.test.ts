import { describe, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import type { ModerationCase } from "../../server/moderation/case.ts";
import type { LoggedDecision } from "../../server/moderation/case-table.ts";
import { decodeRecord, encodeRecord } from "../../server/moderation/record.ts";
import { areasOfRows, makeTally } from "../../server/pyramid/area-tally.ts";
import { decodePlan, encodePlan } from "../../server/pyramid/compaction-plan.ts";
import { decodeProgress, encodeProgress } from "../../server/pyramid/compaction-progress.ts";
import { decodePoint, encodePoint } from "../../server/pyramid/compaction-state.ts";
import { makeStreetBase, STREET_LIMITS } from "../../server/pyramid/street-base.ts";
import { createUnmergedRows } from "../../server/pyramid/unmerged-rows.ts";
import { decodePart, encodePart } from "../../server/pyramid/young-parts.ts";
import { decodeAppended, encodeAppended } from "../../server/store/dynamo/appended-report.ts";
import { decodeConfirmations, encodeConfirmations } from "../../server/store/dynamo/confirmations.ts";
import { boxAround } from "../../tiles/areas/area.ts";
import { createAreaLocator } from "../../tiles/areas/area-locator.ts";
import { addMicroCells, microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import {
  decodeAreaIndex,
  decodeAreaSets,
  decodeAreas,
  encodeAreaIndex,
  encodeAreaSets,
  encodeAreas,
} from "../../tiles/codec/area-codec.ts";
import { type AreaTally, decodeAreaTally, encodeAreaTally } from "../../tiles/codec/area-tally-codec.ts";
import { decodeMicroCells, encodeMicroCells } from "../../tiles/codec/micro-cell-codec.ts";
import { decodeEdited, decodeReports, encodeEdited, encodeReports } from "../../tiles/codec/report-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { decodeStreetHead, decodeStreetUnits, encodeStreetHead } from "../../tiles/codec/street-codec.ts";
import { columnsOfReports, mergeColumns } from "../../tiles/report-columns.ts";
import { idTimePrefix } from "../../tiles/report-id.ts";
import { weighRows } from "../../tiles/weigh-rows.ts";
import { makePartition } from "../kit/made-up-areas.ts";
import { seededRandom } from "../kit/random.ts";
import {
  goldenItems,
  itKeeps,
  itReads,
  itRefuses,
  itRefusesOtherVersions,
  itRefusesUnknownColumns,
  withVersion,
} from "./golden.ts";
import { CORNERS, NOW_MS, ON_EDGES, sampleReport, sampleReports } from "./sample.ts";

const AUSTIN = columnsOfReports(sampleReports(-97.742, 30.271).filter(({ id }) => id.slice(11, 15) === "v6kp"));
/** Some cells have a dozen reports in a band: of many the severities are written otherwise than of few. */
const BUSY = columnsOfReports(sampleReports(-97.742, 30.271, { spreadDeg: 0.004, count: 300 }));
const WORLD = columnsOfReports(CORNERS);
/** Three reporters, of whose reports some weigh less. */
const REPORTED = weighRows({ ...BUSY, reporter: BUSY.reporter.map((_, row) => (row % 4) * 85) });
const NONE = columnsOfReports([]);
const POTHOLE = sampleReport({
  layer: "infrastructure",
  lonDeg: -97.742123,
  latDeg: 30.271456,
  createdAtMs: NOW_MS - 1234,
  category: "Straße",
  text: "zwei Löcher 🚲\nund Glas",
});
const CELL = { layer: "infrastructure", geohash5: "9v6kp" } as const;

describe("cell aggregates", () => {
  const cellsOf = (rows: typeof AUSTIN, precision: number) => microCellsOfReports(rows, precision, NOW_MS);
  const samples = {
    "a log cell's, from reports": cellsOf(AUSTIN, 7),
    "the same, coarser": addMicroCells([cellsOf(AUSTIN, 7)], 5),
    "the whole world's": cellsOf(WORLD, 2),
    "one report's": cellsOf(columnsOfReports([POTHOLE]), 7),
    "none's": cellsOf(NONE, 6),
    "a busy corner's": cellsOf(BUSY, 7),
    "of the edges of age bands": cellsOf(columnsOfReports(ON_EDGES), 7),
    "of reports that weigh less": cellsOf(REPORTED, 7),
  };
  itKeeps(
    "micro-cells-v5",
    Object.entries(samples).map(([sample, cells]) => ({
      sample,
      write: () => encodeMicroCells(cells, NOW_MS),
      read: (body) => decodeMicroCells(body, "golden"),
    })),
  );
  itReads("micro-cells-v4", (body) => decodeMicroCells(body, "golden"));
  // Behind kind, version, time, number of cells and the time at which ages are wrong.
  itRefusesUnknownColumns("micro-cells-v5", (body) => decodeMicroCells(body, "golden"), 2 + 6 + 1 + 8);
});

describe("log segments", () => {
  const samples = [
    { sample: "a cell's", rows: AUSTIN, geohash: "9v6kp" },
    { sample: "the whole world's", rows: WORLD, geohash: "" },
    { sample: "an empty one", rows: NONE, geohash: "9v6kp" },
    { sample: "of reporters, some of whose reports weigh less", rows: REPORTED, geohash: "9v6k" },
  ];
  itKeeps(
    "reports-v2",
    samples.map(({ sample, rows, geohash }) => ({
      sample,
      write: () => encodeReports(rows, geohash),
      read: (body) => decodeReports(body, geohash, "golden"),
    })),
  );
  itReads("reports-v1", (body, of) =>
    decodeReports(body, samples.find(({ sample }) => sample === of)?.geohash ?? "", "golden"),
  );
  itRefusesUnknownColumns("reports-v2", (body) => decodeReports(body, "9v6kp", "golden"), 2 + 1);

  const versions = new Map([
    [POTHOLE.id, 2],
    ["01n8gr94pv9v6kp00qtdwyg01", 70_000],
  ]);
  itKeeps("edited-reports-v2", [
    {
      sample: "two, of which one is shown",
      write: () => encodeEdited({ versions, rows: columnsOfReports([POTHOLE]) }, "9v6kp"),
      read: (body) => decodeEdited(body, "9v6kp", "golden"),
    },
  ]);
  itReads("edited-reports-v1", (body) => decodeEdited(body, "9v6kp", "golden"));
});

describe("street bases", () => {
  const limits = { ...STREET_LIMITS, denseRows: 12 };
  const rows = mergeColumns(columnsOfReports(sampleReports(-97.742, 30.271, { spreadDeg: 0.002, count: 40 })), AUSTIN);
  const { head, bodies } = makeStreetBase(rows, {
    geohash5: "9v6kp",
    beforeMs: NOW_MS - 15_000,
    atMs: NOW_MS,
    side: 1,
    editedIds: sampleReports(-97.742, 30.271)
      .slice(0, 2)
      .map(({ id }) => id),
    limits,
  });
  const piecesOf = (body: Uint8Array) => decodeStreetUnits(body, "9v6kp", "golden");
  itKeeps("street-head-v1", [
    {
      sample: "of a busy corner, with reports that move to another age band",
      write: () => encodeStreetHead(head, "9v6kp"),
      read: (body) => decodeStreetHead(body, "9v6kp", "golden"),
    },
  ]);
  itKeeps(
    "street-units-v1",
    bodies.slice(0, 2).map((body, i) => ({ sample: `item ${i} of them`, write: () => body, read: piecesOf })),
  );
  it("have both kinds of units, of every level", () => {
    const pieces = bodies.flatMap(piecesOf);
    const kinds = new Set(pieces.map(({ unit, content }) => `${unit.charAt(0)} ${Object.keys(content)}`));
    expect([...kinds].sort()).toEqual(["5 cells", "6 cells", "6 rows", "7 cells", "7 rows"]);
  });
});

describe("the compaction's items", () => {
  const rows = createUnmergedRows();
  rows.add({ layer: "safety", geohash5: "9v6kp" }, AUSTIN);
  rows.add(CELL, columnsOfReports([POTHOLE]));
  const point = {
    number: 300,
    cursor: "1780315200001",
    atMs: NOW_MS,
    beforeMs: NOW_MS - 10_000,
    rows,
    open: [
      { layer: "safety", geohash5: "00000", from: "" },
      { ...CELL, from: idTimePrefix(NOW_MS - 5000) },
    ],
  } as const;
  const readable = ({ rows: of, ...rest }: ReturnType<typeof decodePoint>) => ({
    ...rest,
    safety: of.under("safety", ""),
    infrastructure: of.under("infrastructure", ""),
  });
  for (const version of [2, 3]) itReads(`compaction-v${version}`, (body) => readable(decodePoint(body)));
  itKeeps("compaction-v4", [
    {
      sample: "with rows and open cells",
      write: () => encodePoint(point),
      read: (body) => readable(decodePoint(body)),
    },
    {
      sample: "with rows beside it",
      write: () => encodePoint({ ...point, parts: { names: ["000000000300.1a2b3c", "000000000299.0"], gone: rows } }),
      read(body) {
        const { parts, ...rest } = decodePoint(body);
        return { ...readable(rest), names: parts?.names, gone: parts?.gone.all() };
      },
    },
  ]);
  itKeeps("young-rows-v1", [
    {
      sample: "of two layers",
      write: () =>
        encodePart(
          new Map([
            ["safety", AUSTIN],
            ["infrastructure", columnsOfReports([POTHOLE])],
          ]),
        ),
      read: (body) => [...decodePart(body, "golden")],
    },
  ]);

  const plan = {
    end: point,
    aged: ["vibe", "opportunity"],
    cells: [
      { layer: "safety", geohash5: "00000", from: undefined, isOpen: true },
      { layer: "safety", geohash5: "9v6kp", from: idTimePrefix(NOW_MS), isOpen: false },
      { layer: "opportunity", geohash5: "zzzzz", from: idTimePrefix(0), isOpen: true },
    ],
  } as const;
  const readPlan = (body: Uint8Array) => {
    const { end, ...rest } = decodePlan(body, () => undefined, "golden");
    return { ...rest, end: readable(end) };
  };
  itKeeps("compaction-plan-v3", [
    { sample: "of three cells", write: () => encodePlan(plan)[0] as Uint8Array, read: readPlan },
  ]);
  for (const version of [1, 2]) itReads(`compaction-plan-v${version}`, readPlan);

  /** As many as the first item takes, so that the last three cells are in the next. */
  const many = Array.from({ length: 10_000 }, () => plan.cells[0]);
  const large = encodePlan({ ...plan, cells: [...many, ...plan.cells.slice(1)] });
  itKeeps("compaction-cells-v1", [
    {
      sample: "what a plan's first item has no room for",
      write: () => large[1] as Uint8Array,
      read: (body) => decodePlan(large[0] as Uint8Array, () => body, "golden").cells.slice(10_000),
    },
  ]);

  const readProgress = (body: Uint8Array) => {
    const { young, ...rest } = decodeProgress(body, "golden");
    return { ...rest, young: young.all() };
  };
  itReads("compaction-progress-v1", (body) => {
    const { young: _, ...rest } = readProgress(body);
    return rest;
  });
  itKeeps("compaction-progress-v2", [
    {
      sample: "half way",
      write: () =>
        encodeProgress(
          {
            number: 301,
            step: 7,
            done: { layer: "infrastructure", geohash: "9v6kp" },
            anew: ["9", "9v6"],
            young: rows,
            open: [CELL],
            cells: 1234,
            cellAggregates: 99,
            spent: 4321,
          },
          0xdeadbeef,
        ),
      read: readProgress,
    },
  ]);
});

describe("the change feed's bodies", () => {
  const confirmed = [
    { layer: "safety", geohash5: "9v6kp", count: 5, report: undefined },
    { ...CELL, count: 700, report: POTHOLE },
  ] as const;
  // The first is what is written; the second is read already.
  for (const version of [1, 2] as const) {
    itKeeps(`appended-report-v${version}`, [
      {
        sample: "with text",
        write: () => encodeAppended(POTHOLE, CELL, version),
        read: (body) => decodeAppended(body, CELL),
      },
    ]);
    itKeeps(`confirmations-v${version}`, [
      {
        sample: "of intents alone, and of rows",
        write: () => encodeConfirmations("k3jd9", confirmed, version),
        read: decodeConfirmations,
      },
    ]);
  }
  it("are written in their first version, until every program in use reads the second", () => {
    expect(
      [encodeAppended(POTHOLE, CELL), encodeConfirmations("k3jd9", confirmed)].map(([, version]) => version),
    ).toEqual([1, 1]);
  });
});

describe("items of another version", () => {
  const none = () => undefined;
  itRefusesOtherVersions("micro-cells-v5", (body) => decodeMicroCells(body, "golden"), 1);
  itRefusesOtherVersions("reports-v2", (body) => decodeReports(body, "9v6kp", "golden"), 1);
  itRefusesOtherVersions("edited-reports-v2", (body) => decodeEdited(body, "9v6kp", "golden"), 1);
  itRefusesOtherVersions("street-head-v1", (body) => decodeStreetHead(body, "9v6kp", "golden"));
  itRefusesOtherVersions("street-units-v1", (body) => decodeStreetUnits(body, "9v6kp", "golden"));
  itRefusesOtherVersions("compaction-v4", decodePoint, 2);
  itRefusesOtherVersions("compaction-plan-v3", (body) => decodePlan(body, none, "golden"), 2);
  itRefusesOtherVersions("compaction-progress-v2", (body) => decodeProgress(body, "golden"), 1);
  itRefusesOtherVersions("young-rows-v1", (body) => decodePart(body, "golden"));
  itRefusesOtherVersions("appended-report-v2", (body) => decodeAppended(body, CELL), 1);
  itRefusesOtherVersions("confirmations-v2", decodeConfirmations, 1);

  // As the programs of their time have written them.
  for (const version of [1, 2, 3]) itRefuses(`micro-cells-v${version}`, (body) => decodeMicroCells(body, "golden"));
  for (const version of [0, 1]) itRefuses(`compaction-v${version}`, decodePoint);
  itRefuses("hidden-reports-v1", (body) => decodeEdited(body, "9v6kp", "golden"));
});

describe("areas", () => {
  const areas = makePartition({
    west: -97_800_000,
    south: 30_200_000,
    size: 2,
    areas: 3,
    stepE6: 9000,
    random: seededRandom(1),
  }).map((area, number) => ({ ...area, name: `${area.name}, Straße`, number }));
  itKeeps("areas-v2", [
    {
      sample: "three, with holes",
      write: () => encodeAreas(areas)[0] as Uint8Array,
      read: (body) => decodeAreas(body, "golden"),
    },
    {
      sample: "of wide tiles: corners in units of 64 millionths",
      write: () => encodeAreas(areas, 64)[0] as Uint8Array,
      read: (body) => decodeAreas(body, "golden"),
    },
  ]);
  itReads("areas-v1", (body) => decodeAreas(body, "golden"));
  const index = {
    areaCount: 3,
    firstIds: ["made-up-n-0000"],
    pieces: [new Map([["9v6", 1]]), new Map([["9v6kp", 2]])],
  };
  itKeeps("area-index-v1", [
    {
      sample: "of a small set",
      write: () => encodeAreaIndex(index),
      read: (body) => {
        const { pieces, ...rest } = decodeAreaIndex(body, "golden");
        return { ...rest, pieces: pieces.map((level) => [...level]) };
      },
    },
  ]);
  const version = { number: NOW_MS, state: "live", sinceMs: NOW_MS + 5, areaCount: 3 };
  const city = { id: "oslo", name: "Oslo", bbox: [10, 59, 11, 60], timezone: "Europe/Oslo" };
  const near = { areas, ...createAreaLocator(areas, boxAround(areas.map(({ box }) => box))) };
  const crowd = columnsOfReports(sampleReports(-97.791, 30.209, { spreadDeg: 0.004, count: 60 }));
  // Some weigh less than 1.
  const weighed = { ...crowd, quarters: crowd.quarters.map((_, row) => (row % 7 === 0 ? 2 : 4)) };
  const ofMinutes = { ...crowd, createdAtMs: crowd.createdAtMs.map((time) => Math.floor(time / 60_000) * 60_000) };
  itKeeps("area-tally-v3", [
    {
      sample: "of sixty reports",
      write: () => encodeAreaTally(makeTally(weighed, areasOfRows(weighed, near), { beforeMs: NOW_MS, atMs: NOW_MS })),
      read: (body) => decodeAreaTally(body, "9v67y", "golden"),
    },
    {
      sample: "of whole minutes, where every report weighs 1",
      write: () =>
        encodeAreaTally(makeTally(ofMinutes, areasOfRows(ofMinutes, near), { beforeMs: NOW_MS, atMs: NOW_MS })),
      read: (body) => decodeAreaTally(body, "9v67y", "golden"),
    },
  ]);
  it("area-tally-v3: what nobody has written is refused, or is some tally", () => {
    for (const { body } of goldenItems("area-tally-v3")) {
      for (let at = 2; at < body.length - 4; at++) {
        for (const bit of [1, 16, 128]) {
          const changed = body.slice();
          changed[at] = (changed[at] as number) ^ bit;
          try {
            const { parts, singles } = decodeAreaTally(withVersion(changed, 3), "9v67y", "golden");
            expect(singles.part.every((part) => part < parts.length)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(StoredItemError);
          }
        }
      }
    }
  });
  itReads("area-tally-v2", (body) => inOrderOfTime(decodeAreaTally(body, "9v67y", "golden")));
  itRefuses("area-tally-v1", (body) => decodeAreaTally(body, "9v67y", "golden"));
  it.each([64, 128])("area-tally-v2: unknown bands %i are refused", (bit) => {
    const [{ body } = { body: new Uint8Array() }] = goldenItems("area-tally-v2");
    const changed = body.slice();
    // Behind kind, version, the times and the number of parts the first one stands, and then its bands.
    const at = 2 + 6 + 6 + 4 + 1 + 1;
    changed[at] = (changed[at] as number) | bit;
    expect(() => decodeAreaTally(withVersion(changed, 2), "9v67y", "golden")).toThrow("are not known");
  });
  itKeeps("area-sets-v1", [
    {
      sample: "one set",
      write: () => encodeAreaSets([{ city, kind: "neighborhood", versions: [version] }]),
      read: (body) => decodeAreaSets(body, "golden"),
    },
  ]);
});

describe("records of moderation", () => {
  const report = { ...POTHOLE, reporter: 7 };
  const step = { n: 1, atMs: NOW_MS, by: "flags", what: "hold", from: "shown", to: "held" } as const;
  const held: ModerationCase = {
    report,
    city: "austin",
    state: "held",
    cause: "flags",
    flags: { spam: 2 },
    history: [step],
  };
  const records: Readonly<Record<string, object>> = {
    "a case": held,
    "a note that a report has a case": {},
    "a decision in the log": { ...step, id: report.id, city: "austin" } satisfies LoggedDecision,
    "flags that were dismissed": [{ id: report.id, salt: "salt", flaggers: ["0123"], untilMs: NOW_MS }],
    "flags of a network today": { used: 3 },
  };
  const read = (body: Uint8Array) => decodeRecord<object>({ name: "record", body, version: 1 }, silentLog);
  itKeeps(
    "moderation-v1",
    Object.entries(records).map(([sample, value]) => ({ sample, write: () => encodeRecord(value), read })),
  );

  it("are no records where they are damaged, or of another version", () => {
    for (const { body } of goldenItems("moderation-v1")) {
      expect(read(withVersion(body, 2))).toBeUndefined();
      expect(read(body.subarray(0, -1))).toBeUndefined();
    }
  });
});
/** As version 2 has single reports; they are read in the order of their parts. */
function inOrderOfTime({ singles, ...tally }: AreaTally): AreaTally {
  const order = [...singles.part.keys()].sort(
    (a, b) => (singles.createdAtMs[a] as number) - (singles.createdAtMs[b] as number),
  );
  const sorted = <T extends Uint8Array | Uint32Array | Float64Array>(column: T): T =>
    column.map((_, i) => column[order[i] as number] as number) as T;
  const { length, part, createdAtMs, severity, quarters } = singles;
  return {
    ...tally,
    singles: {
      length,
      part: sorted(part),
      createdAtMs: sorted(createdAtMs),
      severity: sorted(severity),
      quarters: sorted(quarters),
    },
  };
}
