import type { ByteReader, Bytes } from "../../../tiles/codec/bytes.ts";
import { readItem, writeItem } from "../../../tiles/codec/stored-item.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { timeOfId } from "../../../tiles/report-id.ts";
import type { DerivedItem } from "../../ports/derived-store.ts";
import { type IdWords, idOfWords, wordsOfId } from "../ids/id-words.ts";

/** 64 bits of a hash, as two numbers. */
export type Hash64 = readonly [number, number];

/** What a run did to one report. */
export type JournalEntry = Created | Replaced | Moved;

export interface Created {
  readonly kind: "created";
  readonly id: string;
  /** Left out in a run whose rows have no ids. */
  readonly row?: RowState;
}

/** A report says something else, under its id. */
export interface Replaced {
  readonly kind: "replaced";
  readonly id: string;
  readonly row: RowState;
  readonly before: Before;
}

/** A row's report is another one, of another time, cell or layer; the one before was removed. */
export interface Moved {
  readonly kind: "moved";
  readonly id: string;
  readonly row: RowState;
  readonly before: Before;
}

/** Of the row that a report was made of. */
export interface RowState {
  /** Which row. */
  readonly key: Hash64;
  /** Of what the report says. */
  readonly digest: Hash64;
  /** How many ids the row has used up before. */
  readonly turn: number;
}

export interface Before {
  readonly report: Report;
  readonly digest: Hash64;
}

/** Entries that were written at once, before what they tell of was done. */
export interface Segment {
  readonly entries: readonly JournalEntry[];
  /** What the run's segments of lower numbers tell of was done when this one was written. */
  readonly doneBelow: number;
}

const VERSION = 1;
const KINDS = ["created", "replaced", "moved"] as const;
/** In a segment's head: whether its rows have ids. */
const [BY_CONTENT, BY_ID] = [0, 1];

export function encodeSegment({ entries, doneBelow }: Segment): Uint8Array<ArrayBuffer> {
  return writeItem("import-journal", VERSION, (out) => {
    const byId = entries.some(({ row }) => row !== undefined);
    out.byte(byId ? BY_ID : BY_CONTENT);
    out.varint(doneBelow);
    out.varint(entries.length);
    for (const entry of entries) writeEntry(out, entry, byId);
  });
}

/** @throws StoredItemError */
export const decodeSegment = ({ name, body }: Pick<DerivedItem, "name" | "body">): Segment =>
  readItem("import-journal", VERSION, name, body, (from) => {
    const head = from.byte();
    if (head !== BY_ID && head !== BY_CONTENT) throw new RangeError(`rows of kind ${head} are not known`);
    const doneBelow = from.varint();
    const count = from.varint();
    const entries: JournalEntry[] = [];
    for (let i = 0; i < count; i++) entries.push(readEntry(from, head === BY_ID));
    return { entries, doneBelow };
  });

/** Bytes that an entry takes at the most. */
export const sizeOfEntry = (entry: JournalEntry): number =>
  entry.kind === "created" ? LONGEST_CREATED : LONGEST_CREATED + 3 * JSON.stringify(entry.before.report).length;

const LONGEST_CREATED = 64;

/** When the last report that entries tell of has expired, Unix milliseconds. */
export function expiryOf(entries: readonly JournalEntry[]): number {
  let latestMs = 0;
  for (const { id } of entries) latestMs = Math.max(latestMs, timeOfId(id));
  return latestMs + REPORT_LIFETIME_MS;
}

function writeEntry(out: Bytes, entry: JournalEntry, byId: boolean): void {
  for (const word of wordsOfId(entry.id)) out.uint(word, 4);
  if (!byId || entry.row === undefined) return;
  out.byte(KINDS.indexOf(entry.kind));
  for (const word of [...entry.row.key, ...entry.row.digest]) out.uint(word, 4);
  out.varint(entry.row.turn);
  if (entry.kind === "created") return;
  for (const word of entry.before.digest) out.uint(word, 4);
  out.text(JSON.stringify(entry.before.report));
}

function readEntry(from: ByteReader, byId: boolean): JournalEntry {
  const hash = (): Hash64 => [from.uint(4), from.uint(4)];
  const words: IdWords = [from.uint(4), from.uint(4), from.uint(4), from.uint(4)];
  const id = idOfWords(words);
  if (!byId) return { kind: "created", id };
  const kind = KINDS[from.byte()];
  if (kind === undefined) throw new RangeError("an entry of a kind that is not known");
  const row = { key: hash(), digest: hash(), turn: from.varint() };
  if (kind === "created") return { kind, id, row };
  const digest = hash();
  return { kind, id, row, before: { digest, report: JSON.parse(from.text()) as Report } };
}
