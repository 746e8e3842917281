import { checksum } from "../../tiles/codec/bytes.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import { type CompactionPlan, decodePlan, encodePlan } from "./compaction-plan.ts";
import { type CompactionProgress, decodeProgress, encodeProgress, noProgress } from "./compaction-progress.ts";
import { COMPACTION_GROUP, type CompactionPoint, decodePoint, encodePoint, STATE_NAME } from "./compaction-state.ts";
import { createYoungParts, type YoungParts } from "./young-parts.ts";

/**
 * What compactors note of their work, in one group of items that is read by one request:
 *
 *     cursor             the state: how far the compaction has come, for everybody
 *     plan, plan.<n>     what is being done, or was done last
 *     step.<n>           how much of it is done; each step lies in the next of a few items
 *
 * Every item is written on the condition that it is as it was read, so of two compactors only one gets on; false tells the other.
 * A plan is in force while its number is above the state's, and a step tells the checksum of its plan, so nothing that is left
 * behind need be removed. Steps take turns because a write does not tell the version that the next one must name.
 */
export interface CompactionJournal {
  read(): Promise<Standing>;
  /** Puts a plan in place of the one that was read. */
  begin(plan: CompactionPlan): Promise<boolean>;
  /** Notes progress; its step must be one above that of the last. */
  note(progress: CompactionProgress): Promise<boolean>;
  /** Moves the state on. */
  finish(point: CompactionPoint): Promise<boolean>;
  /** Forgets a plan that cannot be done. */
  drop(plan: CompactionPlan): Promise<void>;
}

export interface Standing {
  /** Undefined when there is none, or it is damaged: then everything is compacted again. */
  readonly point: CompactionPoint | undefined;
  /** The plan in force. */
  readonly plan: CompactionPlan | undefined;
  readonly progress: CompactionProgress;
  /** Above all numbers that were used. */
  readonly nextNumber: number;
  /** Requests that the run before had made when it noted its progress last. */
  readonly reached: number;
}

const PLAN_NAME = "plan";
const PART_PREFIX = `${PLAN_NAME}.`;
const partName = (index: number): string => `${PART_PREFIX}${index}`;
const STEP_NAMES = Array.from({ length: 16 }, (_, index) => `step.${index}`);

/** While it is read, compactions may put so many other states in its place. */
const MAX_TRIES = 4;

export interface CompactionJournalOptions {
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Young rows that a compactor has read before. */
  readonly parts?: YoungParts;
}

export function createCompactionJournal(options: CompactionJournalOptions): CompactionJournal {
  const { derived, clock, log, parts = createYoungParts({ derived, clock }) } = options;
  let items = new Map<string, DerivedItem>();
  /** Items whose versions are not known any more. */
  const written = new Set<string>();
  /** Of the plan that was read or begun. */
  let planSum = 0;

  function decoded<T>(name: string, decode: (body: Uint8Array) => T): T | undefined {
    const item = items.get(name);
    if (item === undefined) return undefined;
    try {
      return decode(item.body);
    } catch (error) {
      if (!(error instanceof StoredItemError)) throw error;
      log.warn("item of the compaction damaged, or of another version: doing without it", { item: error.message });
      return undefined;
    }
  }

  /** Cell aggregates of a time to come are of no use to anybody: it was told by a clock that is wrong. */
  const isOfThePast = (plan: CompactionPlan | undefined): boolean => (plan?.end.beforeMs ?? 0) <= clock.now();

  /** The state, with the rows that lie beside it; undefined when there is none, or these are lost. */
  async function readPoint(): Promise<CompactionPoint | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      items = new Map((await derived.list(COMPACTION_GROUP, { consistent: true })).map((item) => [item.name, item]));
      const point = decoded(STATE_NAME, decodePoint);
      const whole = point && (await parts.join(point));
      // Else another compactor may have put a later one in its place meanwhile.
      if (point === undefined || whole !== undefined) return whole;
    }
    log.warn("young rows of the compaction are missing: reading all changes again");
    return undefined;
  }

  async function read(): Promise<Standing> {
    const point = await readPoint();
    written.clear();
    const plan = decoded(PLAN_NAME, (body) =>
      decodePlan(body, (index) => items.get(partName(index))?.body, `${COMPACTION_GROUP} ${PLAN_NAME}`),
    );
    const steps = STEP_NAMES.flatMap((name) => decoded(name, (body) => decodeProgress(body, name)) ?? []);
    planSum = checksum(items.get(PLAN_NAME)?.body ?? new Uint8Array());
    const planned = plan?.end.number ?? 0;
    steps.sort((a, b) => a.number - b.number || a.step - b.step);
    const { number = 0, spent: reached = 0 } = steps.at(-1) ?? {};
    const isInForce = planned > (point?.number ?? 0) && isOfThePast(plan);
    const end = isInForce && plan !== undefined ? await parts.join(plan.end) : undefined;
    return {
      point,
      plan: plan && end && { ...plan, end },
      progress: steps.findLast((step) => step.planSum === planSum) ?? noProgress(planned, reached),
      nextNumber: 1 + Math.max(planned, point?.number ?? 0, number),
      reached,
    };
  }

  async function put(name: string, body: Uint8Array): Promise<boolean> {
    const expected = items.get(name)?.version;
    written.add(name);
    return derived.put(COMPACTION_GROUP, name, body, { expected });
  }

  return {
    read,
    async begin(plan) {
      const stored = { ...plan, end: parts.stored(plan.end) };
      const [head, ...others] = encodePlan(stored) as [Uint8Array, ...Uint8Array[]];
      planSum = checksum(head);
      for (const [i, part] of others.entries()) if (!(await put(partName(i + 1), part))) return false;
      if (!(await put(PLAN_NAME, head))) return false;
      const names = new Set(others.map((_, i) => partName(i + 1)));
      const left = [...items.values()].filter(({ name }) => name.startsWith(PART_PREFIX) && !names.has(name));
      if (left.length > 0) await derived.remove(COMPACTION_GROUP, left);
      return true;
    },
    async note(progress) {
      const name = STEP_NAMES[progress.step % STEP_NAMES.length] as string;
      if (written.has(name)) {
        const ours = planSum;
        const { plan, progress: last } = await read();
        if (plan === undefined || planSum !== ours || last.step !== progress.step - 1) return false;
      }
      return put(name, encodeProgress(progress, planSum));
    },
    finish: (point) => put(STATE_NAME, encodePoint(parts.stored(point))),
    async drop(plan) {
      if ((await read()).plan?.end.number !== plan.end.number) return;
      await derived.remove(COMPACTION_GROUP, [items.get(PLAN_NAME) as DerivedItem]);
    },
  };
}
