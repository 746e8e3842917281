import { DatabaseSync } from "node:sqlite";
import type { LogCell } from "../../../../server/ports/report-store.ts";
import { cellName, cellOfReport, FROM_THE_BEGINNING } from "../../../../server/store/keys.ts";
import { openSqliteStores, type SqliteStores } from "../../../../server/store/sqlite/sqlite.ts";
import type { Report } from "../../../../tiles/report.ts";
import { idTimePrefix } from "../../../../tiles/report-id.ts";
import { type Acknowledgement, DERIVED_GROUP } from "./acknowledgement.ts";

export interface FileCheck {
  readonly path: string;
  readonly acknowledged: readonly Acknowledgement[];
  /** Of the change feed, from before the first of these. */
  readonly cursor: string;
  /** What was acknowledged before, and checked before. */
  readonly earlier?: readonly Acknowledgement[];
}

type Of<K extends Acknowledgement["kind"]> = Extract<Acknowledgement, { readonly kind: K }>;

/** Opens a file, and says what is wrong with it: nothing is, when all that was acknowledged is there once and was published. */
export async function checkFile({ path, acknowledged, cursor, earlier = [] }: FileCheck): Promise<string[]> {
  const all = [...earlier, ...acknowledged];
  let stores: SqliteStores;
  try {
    stores = openSqliteStores({ path, clock: { now: Date.now } });
  } catch (error) {
    return [`cannot be opened: ${(error as Error).message}`];
  }
  const raw = new DatabaseSync(path, { readOnly: true });
  try {
    const reports = reportsIn(acknowledged);
    const edits = new Map(ofKind(all, "edit").map((edit) => [edit.id, edit]));
    return [
      ...integrityFaults(raw),
      ...(await reportFaults(stores, reportsIn(all), edits)),
      ...(await feedFaults(stores, raw, { cursor, reports, edits: ofKind(acknowledged, "edit") })),
      ...(await claimFaults(stores, ofKind(all, "claim"))),
      ...(await derivedFaults(stores, ofKind(all, "derived"))),
      ...(await writeFaults(stores, reports[0])),
    ];
  } catch (error) {
    return [`cannot be read: ${(error as Error).message}`];
  } finally {
    raw.close();
    await stores.store.close();
  }
}

const ofKind = <K extends Acknowledgement["kind"]>(all: readonly Acknowledgement[], kind: K) =>
  all.filter((each): each is Of<K> => each.kind === kind);
const reportsIn = (all: readonly Acknowledgement[]) => ofKind(all, "put").flatMap(({ reports }) => reports);

function integrityFaults(raw: DatabaseSync): string[] {
  const rows = raw.prepare("PRAGMA integrity_check").all();
  return rows.flatMap(({ integrity_check: said }) => (said === "ok" ? [] : [`integrity: ${said}`]));
}

async function reportFaults({ store }: SqliteStores, reports: readonly Report[], edits: Map<string, Of<"edit">>) {
  const faults: string[] = [];
  const found = new Map<string, Report>();
  const versions = new Map<string, { readonly version: number; readonly isShown: boolean }>();
  const cells: LogCell[] = [];
  for await (const cell of store.cells()) cells.push(cell);
  if (new Set(cells.map(cellName)).size < cells.length) faults.push("a cell is told twice");
  for (const cell of cells) {
    const { reports: ofCell, edited } = await store.readCell(cell);
    for (const report of ofCell) {
      if (found.has(report.id)) faults.push(`doubled: ${report.id}`);
      found.set(report.id, report);
    }
    for (const [id, version] of edited) versions.set(id, version);
  }
  for (const report of reports) {
    const [acknowledged, version] = [edits.get(report.id), versions.get(report.id)];
    const row = found.get(report.id);
    // An edit that was on its way may be done: then its version is the next one, and says what it will.
    if ((version?.version ?? 0) === (acknowledged?.version ?? 0) + 1) continue;
    if (version?.version !== acknowledged?.version) {
      faults.push(`lost: edit ${acknowledged?.version} of ${report.id}, it has ${version?.version}`);
    } else if ((acknowledged?.isShown ?? true) !== (row !== undefined)) faults.push(`lost: ${report.id}`);
    else if (
      row !== undefined &&
      JSON.stringify(row) !== JSON.stringify({ ...report, text: acknowledged?.text ?? report.text })
    ) {
      faults.push(`changed: ${report.id}`);
    }
  }
  return faults;
}

interface Published {
  readonly cursor: string;
  readonly reports: readonly Report[];
  readonly edits: readonly Of<"edit">[];
}

/** Each write is published, and put rows once. */
async function feedFaults({ store }: SqliteStores, raw: DatabaseSync, { cursor, reports, edits }: Published) {
  const faults: string[] = [];
  const { changes, cursor: next } = await store.readChanges(cursor);
  if (Number(next) < Number(cursor)) faults.push(`the feed went back from ${cursor} to ${next}`);
  if (changes.some(({ from }) => from === FROM_THE_BEGINNING)) faults.push("the feed forgot what was acknowledged");
  const told = new Map(changes.map((change) => [cellName(change), change]));
  for (const report of reports) {
    const change = told.get(cellName(cellOfReport(report)));
    if (change === undefined || change.from > report.id) faults.push(`not published: ${report.id}`);
  }
  const perId = raw
    .prepare("SELECT from_id, sum(brings) AS brings, count(*) AS count FROM changes WHERE seq > ? GROUP BY from_id")
    .all(Number(cursor));
  const counts = new Map(
    perId.map(({ from_id: id, brings, count }) => [String(id), { brings: Number(brings), count: Number(count) }]),
  );
  const edited = Map.groupBy(edits, ({ id }) => id);
  for (const [id, { brings, count }] of counts) {
    // Once for its put, once for each edit, of which the last one may be on its way.
    if (brings > 1 || count > 2 + (edited.get(id)?.length ?? 0)) faults.push(`published ${count} times: ${id}`);
  }
  for (const [id, ofReport] of edited)
    if ((counts.get(id)?.count ?? 0) < 1 + ofReport.length) faults.push(`edits not published: ${id}`);
  return faults;
}

async function claimFaults({ store }: SqliteStores, claims: readonly Of<"claim">[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { key, claim } of claims) {
    const kept = await store.claimKey(key, { fingerprint: "another", reportId: "another" });
    if (kept.fingerprint !== claim.fingerprint || kept.reportId !== claim.reportId) faults.push(`lost: claim ${key}`);
  }
  return faults;
}

async function derivedFaults({ derived }: SqliteStores, acknowledged: readonly Of<"derived">[]): Promise<string[]> {
  const last = new Map(acknowledged.map(({ name, number }) => [name, number]));
  const stored = new Map(
    (await derived.list(DERIVED_GROUP)).map(({ name, body }) => [name, Number(Buffer.from(body).toString())]),
  );
  return [...last].flatMap(([name, number]) => {
    const found = stored.get(name) ?? 0;
    return found === number || found === number + 1 ? [] : [`lost: derived ${name} is ${found}, not ${number}`];
  });
}

/** The file takes writes, and what is there is not put again. */
async function writeFaults({ store }: SqliteStores, known: Report | undefined): Promise<string[]> {
  if (known === undefined) return [];
  const again = await store.put(known);
  const earlier = {
    ...known,
    createdAtMs: known.createdAtMs - 1,
    id: idTimePrefix(known.createdAtMs - 1) + known.id.slice(10),
  };
  const isNew = await store.put({ ...earlier, expiresAtMs: known.expiresAtMs - 1 });
  const isThere = await store.get(earlier.id);
  return [
    ...(again === "exists" ? [] : [`put again: ${known.id}`]),
    ...(isNew === "created" && isThere !== undefined ? [] : ["a new report is not stored"]),
  ];
}
