import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { ReportRow } from "../../server/store/rows.ts";
import type { StoredTile } from "./tile-paths.ts";

/**
 * What DynamoDB sends for a tile's items, and what a client must do to read it: parse JSON, undo base 64, and turn typed
 * attributes into values. A server reads nothing without this, so it is part of what a cold tile costs on either path.
 */

/** The answer to the Queries for rows, as text. */
export function wireOfRows(rows: readonly ReportRow[]): string {
  return JSON.stringify({ Items: rows.map((row) => marshall({ ...row }, { removeUndefinedValues: true })) });
}

export function readRows(wire: string): ReportRow[] {
  const { Items } = JSON.parse(wire) as { Items: Parameters<typeof unmarshall>[0][] };
  return Items.map((item) => unmarshall(item) as ReportRow);
}

interface WireItem {
  readonly sk: { readonly S: string };
  readonly v: { readonly N: string };
  readonly body: { readonly B: string };
}

/** The answers to the Queries for segments or cell aggregates, one text each. */
export function wireOfStored(stored: StoredTile): string[] {
  return stored.map(({ bodies, clusterCell }) =>
    JSON.stringify({
      Items: bodies.map((body, i) => ({
        pk: { S: `derived#slices/safety/${clusterCell}` },
        sk: { S: `${clusterCell}${i}` },
        v: { N: "4503599627370496" },
        expires_at: { N: "1780000000" },
        body: { B: Buffer.from(body).toString("base64") },
      })),
    }),
  );
}

/** The items again; `stored` says what each answer was for. */
export function readStored(wires: readonly string[], stored: StoredTile): StoredTile {
  return wires.map((wire, i) => {
    const { Items } = JSON.parse(wire) as { Items: WireItem[] };
    const bodies = Items.map(({ sk, v, body }) => {
      unmarshall({ sk, v });
      return new Uint8Array(Buffer.from(body.B, "base64"));
    });
    const { cell = "", clusterCell = "" } = stored[i] ?? {};
    return { bodies, cell, clusterCell };
  });
}
