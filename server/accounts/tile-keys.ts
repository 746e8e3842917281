import { createRateLimit } from "../kit/rate-limit.ts";
import type { Clock } from "../ports/clock.ts";
import type { AccountLookup } from "./account-lookup.ts";
import { type Refusal, spent } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { isKey, saysRestricted } from "./key.ts";
import { type AskingPage, isAllowedOrigin, originOf } from "./origins.ts";
import { poolOf, type QuotaPool, termsOf } from "./plans.ts";
import type { Quotas } from "./quotas.ts";
import type { UsageLog } from "./usage-log.ts";

/** What a tile is asked for with. */
export interface AskedTile {
  readonly key: string;
  readonly layers: readonly string[];
  /** What browsers tell of the page that asks; asked only when it matters. */
  page(): AskingPage;
  /** Whose look-ups are counted; asked only when one is to be made. */
  line(): string;
}

/** `counted`: a call was taken. `unknown`: to be served as without a key. Both are told of once they are answered. */
export type TileVerdict =
  | { readonly outcome: "counted"; readonly caller: Caller }
  | { readonly outcome: "unknown"; readonly lookUp: LookUp | undefined }
  | { readonly outcome: "refused"; readonly refusal: TileRefusal };

/** A look-up under way, or over. */
interface LookUp {
  readonly sinceMs: number;
  /** Answered in the meantime: they count when the key is known. */
  calls: number;
  caller?: Caller;
}

export interface TileRefusal extends Omit<Refusal, "kind"> {
  readonly status: 401 | 403 | 429;
  readonly kind: Refusal["kind"] | "unknown-key" | "key-origin" | "key-layers" | "key-kind" | "key-not-known-yet";
}

/**
 * Keys in addresses of tiles. Nobody waits for PostgreSQL here: what is in memory decides, and what is not is looked up beside the answer.
 */
export interface TileKeys {
  /** @param later keeps what is done beside the answer going */
  judge(asked: AskedTile, later: (work: Promise<unknown>) => void): TileVerdict;
  /** A tile was answered, or was not. Once for each verdict. */
  done(verdict: TileVerdict, isAnswered: boolean): void;
}

export interface TileKeyOptions {
  readonly lookup: AccountLookup;
  readonly quotas: Quotas;
  readonly usage: UsageLog;
  readonly clock: Clock;
}

/** Keys of one address that are looked up a minute. */
const LOOKUPS_PER_MINUTE = 600;
/** Look-ups under way in a process. One that did not come back is forgotten after so long. */
const MAX_LOOKUPS = 16;
const LOOKUP_MS = 5_000;

export function createTileKeys({ lookup, quotas, usage, clock }: TileKeyOptions): TileKeys {
  const lookups = createRateLimit({ clock, perMinute: LOOKUPS_PER_MINUTE });
  const underWay = new Map<string, LookUp>();

  /** Looks a key up beside an answer, once for all who send it, and leases what it will need. Undefined: too many are. */
  function lookUp({ key, line }: AskedTile, later: (work: Promise<unknown>) => void): LookUp | undefined {
    const nowMs = clock.now();
    const running = underWay.get(key);
    if (running !== undefined && nowMs - running.sinceMs < LOOKUP_MS) return running;
    for (const [each, { sinceMs }] of underWay) if (nowMs - sinceMs >= LOOKUP_MS) underWay.delete(each);
    if (underWay.size >= MAX_LOOKUPS || lookups.take(line()) > 0) return undefined;
    const begun: LookUp = { sinceMs: nowMs, calls: 0 };
    underWay.set(key, begun);
    const work = lookup
      .read(key)
      .then((caller) => caller && found(begun, caller))
      // What is away now is asked again by who comes next.
      .catch(() => {})
      .finally(() => underWay.delete(key));
    later(work);
    return begun;
  }

  async function found(begun: LookUp, caller: Caller): Promise<void> {
    begun.caller = caller;
    if (begun.calls > 0) addOwed(caller, begun.calls);
    const pool = tilesOf(caller);
    if (pool !== undefined) await quotas.refillSoon(caller.account.userId, pool);
  }

  /** Counts what was answered before anybody could take it. */
  function addOwed(caller: Caller, calls: number): void {
    const { account, key } = caller;
    const { userId } = account;
    const pool = tilesOf(caller);
    if (pool !== undefined) quotas.owe(userId, pool, calls);
    usage.add({ keyId: key?.id, userId, capability: "tiles", atMs: clock.now(), calls });
  }

  /** A caller is read anew every few seconds. */
  const pools = new WeakMap<Caller, QuotaPool | undefined>();
  function tilesOf(caller: Caller): QuotaPool | undefined {
    const known = pools.get(caller);
    if (known !== undefined || pools.has(caller)) return known;
    const pool = poolOf(termsOf(caller.account, clock.now()), "tiles");
    pools.set(caller, pool);
    return pool;
  }

  function take(caller: Caller, later: (work: Promise<unknown>) => void): TileVerdict {
    const { userId } = caller.account;
    const pool = tilesOf(caller);
    if (pool === undefined) return { outcome: "counted", caller };
    const outcome = quotas.take(userId, pool);
    if (outcome === "spent") {
      const { kind, ...refusal } = spent(pool, quotas, userId, clock.now());
      return { outcome: "refused", refusal: { status: 429, kind, ...refusal } };
    }
    const refilled = quotas.refillSoon(userId, pool);
    if (refilled !== undefined) later(refilled);
    if (outcome === "busy") return refused(BUSY);
    // While nobody can say what is left, nobody is refused: it is counted, and told when it can be.
    if (outcome !== "taken") quotas.owe(userId, pool, 1);
    return { outcome: "counted", caller };
  }

  return {
    judge(asked, later) {
      const { key } = asked;
      const seen = lookup.remembered(key);
      if (seen?.isTrusted) {
        if (seen.caller === undefined) return refused(NO_KEY);
        if (seen.isOld) lookUp(asked, later);
        const refusal = refusalByKey(seen.caller, asked);
        return refusal === undefined ? take(seen.caller, later) : refused(refusal);
      }
      if (!isKey(key)) return refused(NO_KEY);
      const running = lookUp(asked, later);
      const before = seen?.caller;
      const refusal = before === undefined ? saysRestricted(key) && NOT_YET : refusalByKey(before, asked);
      return refusal ? refused(refusal) : { outcome: "unknown", lookUp: running };
    },
    done(verdict, isAnswered) {
      if (verdict.outcome === "refused") return;
      if (verdict.outcome === "unknown") {
        if (!isAnswered || verdict.lookUp === undefined) return;
        const { caller } = verdict.lookUp;
        if (caller === undefined) verdict.lookUp.calls++;
        else addOwed(caller, 1);
        return;
      }
      const { caller } = verdict;
      const { userId } = caller.account;
      if (isAnswered) return usage.add({ keyId: caller.key?.id, userId, capability: "tiles", atMs: clock.now() });
      const pool = tilesOf(caller);
      if (pool !== undefined) quotas.giveBack(userId, pool);
    },
  };
}

const refused = (refusal: TileRefusal): TileVerdict => ({ outcome: "refused", refusal });

const NO_KEY: TileRefusal = { status: 401, kind: "unknown-key", detail: "There is no such key, or it was revoked." };
const BUSY: TileRefusal = {
  status: 429,
  kind: "minute-limit",
  detail: "More of this account's tiles are asked for at once than can be counted. Ask again.",
  waitSeconds: 1,
};
const NOT_YET: TileRefusal = {
  status: 403,
  kind: "key-not-known-yet",
  detail: "This key is for some pages alone, and is being looked up. Ask again.",
  waitSeconds: 1,
};

/** What a key itself does not allow. */
function refusalByKey({ key }: Caller, { layers, page }: AskedTile): TileRefusal | undefined {
  if (key === undefined) return undefined;
  if (key.kinds !== null && !key.kinds.includes("tiles")) {
    return { status: 403, kind: "key-kind", detail: "This key is not for tiles." };
  }
  if (key.origins !== null && !isAllowedOrigin(key.origins, originOf(page()))) {
    return { status: 403, kind: "key-origin", detail: "This key is for pages of other origins." };
  }
  const allowed = key.layers;
  if (allowed !== null && layers.some((layer) => !allowed.includes(layer))) {
    return { status: 403, kind: "key-layers", detail: `This key is for the layers ${allowed.join(", ")}.` };
  }
  return undefined;
}
