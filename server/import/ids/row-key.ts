import { randomBytes } from "node:crypto";
import type { ReportStore } from "../../ports/report-store.ts";

const NAME = "import-row-key";
const KEY_BYTES = 32;
/** As good as for good: without the key every row would be stored again. */
export const FOR_GOOD_MS = Date.UTC(9999, 11, 31);

/** A new secret. A dry run, which stores nothing, takes one of its own. */
export const createRowKey = (): string => randomBytes(KEY_BYTES).toString("hex");

/**
 * The secret of a store that ids of imported rows are made with. The first import makes it, every process finds it again for as long as the
 * store lives, and nobody is told: with it, and with nothing less, a row's exact place and time could be tried out on its id.
 * @param made what it is when there is none yet
 * @throws StoreUnavailableError
 */
export const findRowKey = (store: Pick<ReportStore, "remember">, made = createRowKey()): Promise<string> =>
  store.remember(NAME, made, { untilMs: FOR_GOOD_MS });
