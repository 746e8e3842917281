import { readItem, StoredItemError, writeItem } from "../../../tiles/codec/stored-item.ts";
import { OperatorError } from "../../console/operator-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../../ports/derived-store.ts";
import { ALIVE_MS, aliveUntil, isAlive } from "./alive.ts";
import { patiently } from "./patiently.ts";
import type { Alive } from "./run-items.ts";

export const LEASES_GROUP = "imports/leases";
const VERSION = 1;

export const encodeLease = (alive: Alive): Uint8Array<ArrayBuffer> =>
  writeItem("import-lease", VERSION, (out) => out.text(JSON.stringify(alive)));

/** @throws StoredItemError */
export const decodeLease = ({ name, body }: Pick<DerivedItem, "name" | "body">): Alive =>
  readItem("import-lease", VERSION, name, body, (from) => JSON.parse(from.text()) as Alive);

/** Keeps others from a source's row ids. */
export interface Lease {
  /** To be called before anything is written. @throws OperatorError when another has it now */
  renew(): Promise<void>;
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly retryMs?: number | undefined;
  readonly source: string;
}

/** @throws OperatorError while another import or undo of the source is under way */
export async function takeLease({ derived, clock, retryMs, source }: LeaseOptions): Promise<Lease> {
  let untilMs = 0;
  let version = await patiently(async () => {
    const kept = await derived.get(LEASES_GROUP, source, { consistent: true });
    const holder = kept && aliveOf(kept);
    if (holder !== undefined && isAlive(holder, clock.now())) throw new OperatorError(underWay(source, holder));
    return kept?.version;
  }, retryMs);

  async function put(): Promise<void> {
    untilMs = clock.now() + ALIVE_MS;
    const alive = aliveUntil(untilMs);
    await patiently(async () => {
      const condition = { expected: version, expiresAtMs: untilMs + ALIVE_MS };
      const isOurs = await derived.put(LEASES_GROUP, source, encodeLease(alive), condition);
      const kept = await derived.get(LEASES_GROUP, source, { consistent: true });
      const holder = kept && aliveOf(kept);
      const isKept = holder?.pid === alive.pid && holder.host === alive.host && holder.untilMs === untilMs;
      // An answer that was lost may have been of a write that was not.
      if (!isOurs && !isKept) throw new OperatorError(underWay(source, holder ?? alive));
      version = kept?.version;
    }, retryMs);
  }

  await put();
  return {
    async renew() {
      if (clock.now() > untilMs - ALIVE_MS / 2) await put();
    },
    async release() {
      if (version !== undefined) await derived.remove(LEASES_GROUP, [{ name: source, version }]);
    },
  };
}

/** One that cannot be read is held by nobody. */
function aliveOf(item: DerivedItem): Alive | undefined {
  try {
    return decodeLease(item);
  } catch (error) {
    if (error instanceof StoredItemError) return undefined;
    throw error;
  }
}

const underWay = (source: string, { untilMs }: Alive): string =>
  `Another import or undo of the source ${source} is under way, or broke off a moment ago: wait for its end, or until ` +
  `${new Date(untilMs).toISOString().slice(11, 19)} UTC, and run the same command again.`;
