import { idTimePrefix } from "../../tiles/report-id.ts";
import type { Log } from "../console/log.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { tryAgain } from "../kit/try-again.ts";
import { DAY_MS } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { StoreUnavailableError } from "../ports/report-store.ts";
import { type Decision, type ModerationCase, QUEUE_STATES, type QueueState } from "./case.ts";
import { decodeRecord, encodeRecord } from "./record.ts";

/**
 * Cases, in the report store, so that flags and moderators need no PostgreSQL:
 *
 *     moderation/case/<report id>        case         the case
 *     moderation/queue/<city>/<state>    <report id>  "it has a case, which was in this state once"
 *     moderation/log/<city>              <time>#<report id>#<step>  a decision
 *
 * Everything of a city is also under the city `*`, as is what lies in none. A report is made what its case says once the list has it: whoever
 * dies between leaves a report that is not hidden yet, and never a hidden one that no list has.
 */
export interface CaseTable {
  find(id: string): Promise<KnownCase | undefined>;
  /**
   * Changes a report's case, until nobody else did meanwhile; without a change nothing is written.
   * @param next of what is known: what it is to be; undefined leaves it
   */
  change(
    id: string,
    next: (known: ModerationCase | undefined) => ModerationCase | undefined,
  ): Promise<KnownCase | undefined>;
  /** Cases in a state, the newest reports first. */
  list(of: { readonly city?: string; readonly state: QueueState }, page: Page): Promise<Listed<ModerationCase>>;
  /** Decisions, the newest first. */
  log(of: { readonly city?: string }, page: Page): Promise<Listed<LoggedDecision>>;
}

export interface KnownCase {
  readonly known: ModerationCase;
  /** Another one with each change. */
  readonly version: number;
}

export interface Page {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Listed<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

export interface LoggedDecision extends Decision {
  readonly id: string;
  readonly city?: string;
}

export interface CaseTableOptions {
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERYWHERE = "*";
const NAME = "case";
const PARALLEL = 8;
/** What was decided is known for so long, also of reports that have expired. */
export const LOG_LIFETIME_MS = 365 * DAY_MS;

const caseGroup = (id: string): string => `moderation/case/${id}`;
const queueGroup = (city: string, state: QueueState): string => `moderation/queue/${city}/${state}`;
const logGroup = (city: string): string => `moderation/log/${city}`;

const citiesOf = ({ city }: { readonly city?: string }): string[] =>
  city === undefined ? [EVERYWHERE] : [EVERYWHERE, city];

const queueStateOf = ({ state }: ModerationCase): QueueState | undefined => QUEUE_STATES.find((each) => each === state);

export function createCaseTable({ derived, log }: CaseTableOptions): CaseTable {
  async function find(id: string): Promise<KnownCase | undefined> {
    const item = await derived.get(caseGroup(id), NAME, { consistent: true });
    const known = decodeRecord<ModerationCase>(item, log);
    return known === undefined || item === undefined ? undefined : { known, version: item.version };
  }

  async function enqueue(of: ModerationCase): Promise<void> {
    const state = queueStateOf(of);
    if (state === undefined) return;
    const { id, expiresAtMs } = of.report;
    const note = encodeRecord({});
    for (const city of citiesOf(of)) {
      await derived.put(queueGroup(city, state), id, note, { expected: undefined, expiresAtMs });
    }
  }

  /** Not needed for what is shown, which are cases in the state that they have; but lists of what waits stay short. */
  async function dequeue(of: ModerationCase): Promise<void> {
    const state = queueStateOf(of);
    if (state === undefined) return;
    const { id } = of.report;
    for (const city of citiesOf(of)) {
      const group = queueGroup(city, state);
      const note = await derived.get(group, id, { consistent: true });
      if (note !== undefined) await derived.remove(group, [note]);
    }
    // Somebody may have brought it back to that state, and found the note that was taken away here.
    const now = await find(id);
    if (now?.known.state === state) await enqueue(now.known);
  }

  /** What may be missing, because whoever changed the case died, or because another one took it away. */
  async function noteDown(of: ModerationCase): Promise<void> {
    await enqueue(of);
    await logLast(of);
  }

  async function logLast(of: ModerationCase): Promise<void> {
    const last = of.history.at(-1);
    if (last === undefined) return;
    const { id } = of.report;
    const body = encodeRecord({
      ...last,
      id,
      ...(of.city !== undefined && { city: of.city }),
    } satisfies LoggedDecision);
    const name = `${idTimePrefix(last.atMs)}#${id}#${last.n}`;
    for (const city of citiesOf(of)) {
      await derived.put(logGroup(city), name, body, { expected: undefined, expiresAtMs: last.atMs + LOG_LIFETIME_MS });
    }
  }

  /** A page of a group's items, newest first. */
  async function page(group: string, { limit, cursor }: Page) {
    const bound = cursor === undefined ? {} : { to: cursor };
    // The cursor's own item, and one more to know whether there is one.
    const items = await derived.list(group, { ...bound, limit: limit + 2, descending: true, consistent: true });
    const behind = items.filter(({ name }) => name !== cursor);
    const told = behind.slice(0, limit);
    const last = told.at(-1)?.name;
    return { told, ...(behind.length > limit && last !== undefined && { nextCursor: last }) };
  }

  return {
    find,

    async change(id, next) {
      const changeOnce = async (): Promise<{ readonly found: KnownCase | undefined } | undefined> => {
        const item = await derived.get(caseGroup(id), NAME, { consistent: true });
        const known = decodeRecord<ModerationCase>(item, log);
        const changed = next(known);
        if (changed === undefined || changed === known) {
          if (known === undefined || item === undefined) return { found: undefined };
          await noteDown(known);
          return { found: { known, version: item.version } };
        }
        const condition = { expected: item?.version, expiresAtMs: changed.report.expiresAtMs };
        if (!(await derived.put(caseGroup(id), NAME, encodeRecord(changed), condition))) return undefined;
        if (known !== undefined && known.state !== changed.state) await dequeue(known);
        await noteDown(changed);
        return { found: await find(id) };
      };
      const done = await tryAgain(changeOnce);
      if (done === undefined)
        throw new StoreUnavailableError(`the case of report ${id} was changed by others all the time`);
      return done.found;
    },

    async list({ city = EVERYWHERE, state }, asked) {
      const { told, ...rest } = await page(queueGroup(city, state), asked);
      const cases = await mapLimited(told, PARALLEL, ({ name }) => find(name));
      return { items: cases.flatMap((found) => (found?.known.state === state ? found.known : [])), ...rest };
    },

    async log({ city = EVERYWHERE }, asked) {
      const { told, ...rest } = await page(logGroup(city), asked);
      return { items: told.flatMap((item) => decodeRecord<LoggedDecision>(item, log) ?? []), ...rest };
    },
  };
}
