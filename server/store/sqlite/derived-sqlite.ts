import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../../ports/derived-store.ts";
import { checkDerivedItem, isKept } from "../derived.ts";
import { ttlSeconds } from "../rows.ts";
import { arrays } from "./report-rows.ts";
import { asStoreError, type Writer } from "./writer.ts";

type DerivedRow = readonly [name: string, version: number, expiresAtSeconds: number | null, body: Uint8Array];

/** SQLite compares texts by their UTF-8 bytes, as the port has it: this sorts after every name. */
const AFTER_NAMES = "\u{10ffff}";
const NO_LIMIT = -1;

/** Derived data in the same file. Every read sees what was written, so `consistent` makes no difference. */
export function createSqliteDerivedStore(db: DatabaseSync, writer: Writer, clock: Clock): DerivedStore {
  const columns = "name, version, expires_s, body";
  const rangeOf = (order: "ASC" | "DESC") =>
    arrays<DerivedRow>(
      db,
      `SELECT ${columns} FROM derived WHERE grp = ? AND name >= ? AND name <= ?
        AND (expires_s IS NULL OR expires_s * 1000 > ?) ORDER BY name ${order} LIMIT ?`,
    );
  const [ascending, downwards] = [rangeOf("ASC"), rangeOf("DESC")];
  const ofName = arrays<DerivedRow>(db, `SELECT ${columns} FROM derived WHERE grp = ? AND name = ?`);

  const itemsOf = (rows: readonly DerivedRow[]): DerivedItem[] =>
    rows.flatMap(([name, version, expiresAtSeconds, body]) =>
      isKept(expiresAtSeconds ?? undefined, clock.now()) ? [{ name, version, body }] : [],
    );

  async function read(rows: () => DerivedRow[]): Promise<DerivedItem[]> {
    try {
      return itemsOf(rows());
    } catch (error) {
      throw asStoreError(error);
    }
  }

  return {
    list: (group, { from = "", to = AFTER_NAMES, limit = NO_LIMIT, descending = false } = {}) =>
      read(() => (descending ? downwards : ascending).all(group, from, to, clock.now(), limit)),
    get: async (group, name) => (await read(() => ofName.all(group, name)))[0],
    async put(group, name, body, { expected, expiresAtMs }) {
      checkDerivedItem(group, name, body);
      const expiresAtSeconds = expiresAtMs === undefined ? undefined : ttlSeconds(expiresAtMs);
      // A copy: the caller may fill its array with something else, and of a part of a buffer the thread would be sent all.
      const copy = Uint8Array.from(body);
      return writer.write("putDerived", { group, name, body: copy, expected, expiresAtSeconds, nowMs: clock.now() });
    },
    remove: (group, items) =>
      writer.write(
        "removeDerived",
        group,
        items.map(({ name, version }) => ({ name, version })),
      ),
  };
}
