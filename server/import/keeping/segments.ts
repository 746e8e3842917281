import { StoredItemError } from "../../../tiles/codec/stored-item.ts";
import { OperatorError } from "../../console/operator-error.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { decodeSegment, type JournalEntry } from "./journal-items.ts";
import { patiently } from "./patiently.ts";
import { LEFT_GROUP } from "./run-items.ts";

export interface KeptSegment {
  readonly runId: string;
  readonly number: number;
  readonly entries: readonly JournalEntry[];
  readonly doneBelow: number;
  readonly version: number;
}

/** Of some hundred kilobytes at the most each. */
const ITEMS_A_PAGE = 16;

export interface ReadSegments {
  readonly derived: Pick<DerivedStore, "list">;
  readonly group: string;
  /** Only those of this run. */
  readonly runId?: string | undefined;
  readonly retryMs?: number | undefined;
}

/**
 * A journal's segments, those of earlier runs first, a few in memory at a time.
 * @throws OperatorError on one that this program cannot read
 * @throws StoreUnavailableError when the store stays away
 */
export async function* readSegments(options: ReadSegments): AsyncGenerator<KeptSegment> {
  const { derived, group, runId, retryMs } = options;
  const to = runId === undefined ? undefined : `${runId}/~`;
  for (let from = runId === undefined ? "" : `${runId}/`; ; ) {
    const limits = { consistent: true, from, limit: ITEMS_A_PAGE, ...(to !== undefined && { to }) };
    const items = await patiently(() => derived.list(group, limits), retryMs);
    for (const item of items) yield segmentOf(item);
    const last = items.at(-1);
    if (last === undefined || items.length < ITEMS_A_PAGE) return;
    from = `${last.name}!`;
  }
}

function segmentOf(item: { readonly name: string; readonly body: Uint8Array; readonly version: number }): KeptSegment {
  const [runId = "", number] = item.name.split("/");
  try {
    return { runId, number: Number(number), version: item.version, ...decodeSegment(item) };
  } catch (error) {
    if (!(error instanceof StoredItemError)) throw error;
    throw new OperatorError(
      `What is kept of the import ${runId} cannot be read (${error.message}): use the version that kept it.`,
    );
  }
}

/** Ids that an undo left as moderators had them. @throws as `readSegments` */
export async function readLeft(options: Omit<ReadSegments, "group">): Promise<Set<string>> {
  const left = new Set<string>();
  for await (const { entries } of readSegments({ ...options, group: LEFT_GROUP })) {
    for (const { id } of entries) left.add(id);
  }
  return left;
}
