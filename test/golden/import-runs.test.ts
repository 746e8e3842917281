import { describe } from "vitest";
import { segmentName } from "../../server/import/keeping/journal.ts";
import { decodeSegment, encodeSegment, type JournalEntry } from "../../server/import/keeping/journal-items.ts";
import { decodeLease, encodeLease } from "../../server/import/keeping/lease.ts";
import {
  decodeRun,
  encodeRun,
  journalGroup,
  LEFT_GROUP,
  RUNS_GROUP,
  type Run,
} from "../../server/import/keeping/run-items.ts";
import { itKeeps, itRefusesOtherVersions } from "./golden.ts";
import { NOW_MS, sampleReports } from "./sample.ts";

/** What is kept of imports, so that they can be taken back and rows be known again by their ids. */

describe("runs of imports", () => {
  const name = "golden";
  const alive = { untilMs: NOW_MS + 120_000, host: "0123456789abcdef", pid: 4711 };
  const run: Run = {
    id: "260601-120000-kdp",
    startedMs: NOW_MS,
    state: "done",
    file: "Löcher.csv",
    counts: { written: 3, replaced: 2, existing: 1, rejected: 0 },
    alive,
  };
  const readRun = (body: Uint8Array) => decodeRun({ name, body });
  itKeeps("import-run-v1", [
    { sample: "of a file without row ids", write: () => encodeRun(run), read: readRun },
    {
      sample: "of a source, undone",
      write: () =>
        encodeRun({
          ...{ ...run, source: "nyc311", state: "undone" },
          undone: { atMs: NOW_MS + 1, removed: 3, restored: 2, left: 1 },
        }),
      read: readRun,
    },
  ]);
  itRefusesOtherVersions("import-run-v1", readRun);

  const [first, second, third] = sampleReports(-97.74, 30.27, { count: 3, spreadDeg: 0.004 });
  if (first === undefined || second === undefined || third === undefined) throw new Error("no samples");
  const row = { key: [1, 2 ** 32 - 1], digest: [2 ** 31, 0], turn: 300 } as const;
  const before = { digest: [7, 8], report: { ...second, text: "Löcher 🚲" } } as const;
  const entries: JournalEntry[] = [
    { kind: "created", id: first.id, row },
    { kind: "replaced", id: second.id, row: { ...row, turn: 0 }, before },
    { kind: "moved", id: third.id, row, before },
  ];
  const readSegment = (body: Uint8Array) => decodeSegment({ name, body });
  itKeeps("import-journal-v1", [
    { sample: "of rows with ids", write: () => encodeSegment({ entries, doneBelow: 200 }), read: readSegment },
    {
      sample: "of rows without",
      write: () => encodeSegment({ entries: [first, second].map(({ id }) => ({ kind: "created", id })), doneBelow: 0 }),
      read: readSegment,
    },
  ]);
  itRefusesOtherVersions("import-journal-v1", readSegment);

  const readLease = (body: Uint8Array) => decodeLease({ name, body });
  itKeeps("import-lease-v1", [{ sample: "of a process", write: () => encodeLease(alive), read: readLease }]);
  itRefusesOtherVersions("import-lease-v1", readLease);

  itKeeps("import-run-names", [
    {
      sample: "groups and items",
      write: () => [RUNS_GROUP, LEFT_GROUP, journalGroup(undefined), journalGroup("nyc311"), segmentName(run.id, 12)],
      read: String,
    },
  ]);
});
