import { hash } from "node:crypto";
import { setTimeout as sleepFor } from "node:timers/promises";
import { OperatorError } from "../console/operator-error.ts";
import { userPath } from "../console/user-path.ts";
import { mapsTimes } from "../import/dating.ts";
import { isAddress, parseAddress } from "../import/feeds/address.ts";
import { createFeed } from "../import/feeds/feed.ts";
import { createFeedStates } from "../import/feeds/feed-state.ts";
import type { Failure } from "../import/feeds/fetch-feed.ts";
import { withFresh } from "../import/feeds/with-fresh.ts";
import type { ImportOptions, ImportSummary } from "../import/import-options.ts";
import { watchFeed } from "../import/watch.ts";

export interface FeedImport {
  /** Its `path` is the feed: a file, or an address. */
  readonly options: Omit<ImportOptions, "onProgress">;
  readonly signal: AbortSignal;
  importFile(options: Omit<ImportOptions, "onProgress">): Promise<ImportSummary>;
}

/** Imports what an address has now; nothing when the signal came first. @throws OperatorError when it cannot be fetched */
export async function importAddress(
  { options, signal, importFile }: FeedImport,
  say: (line: string) => void,
): Promise<ImportSummary | undefined> {
  const feed = createFeed(options.path);
  const { now } = options.clock;
  const onRetry = ({ reason }: Failure, waitMs: number): void =>
    say(`${feed.shown} ${reason}: tried again in ${Math.ceil(waitMs / 1000)} s`);
  const fetched = withFresh({ feed, known: {}, signal, now, onRetry }, ({ path }) =>
    importFile(optionsFor(options, path)),
  );
  const done = await fetched.catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (done === undefined) return undefined;
  if (done === "unchanged") throw new OperatorError(`${feed.shown} answered 304 though nothing was known of it.`);
  if ("reason" in done) throw new OperatorError(`${feed.shown} ${done.reason}.`);
  return done;
}

/** Imports a feed whenever it has changed, until the signal aborts. @throws OperatorError when rows have no identity */
export async function importForever(
  { options, signal, importFile }: FeedImport,
  { everyMs, say }: { readonly everyMs: number; say(line: string): void },
): Promise<void> {
  const { derived, clock, mapping, profile, dryRun } = options;
  if (dryRun) throw new OperatorError("--watch stores what it reads: leave out --dry-run, or --watch.");
  if (!("id" in mapping && mapping.id !== undefined) && profile?.columns.id === undefined) {
    throw new OperatorError(
      "--watch needs --id COLUMN, or a profile that names it: else a row that has changed would be there twice.",
    );
  }
  await watchFeed({
    feed: createFeed(options.path),
    states: createFeedStates(derived, clock, keyOf(options)),
    everyMs,
    signal,
    importFile: (path) => importFile(optionsFor(options, path)),
    say,
    now: clock.now,
    sleep: async (ms, until) => void (await sleepFor(ms, undefined, { signal: until })),
  });
}

/** The options for a file that a feed was fetched into. A download in hand may be imported to its end: it is not much, or would be begun again. */
function optionsFor(options: FeedImport["options"], path: string): FeedImport["options"] {
  if (!isAddress(options.path)) return { ...options, path };
  const source = options.source ?? options.profile?.source ?? hostOf(options.path);
  const rejectsBase = userPath(path.slice(path.lastIndexOf("/") + 1));
  // Files are known by their paths; that of a download is another one every time.
  const anchor = options.anchor ?? nameOfDates(options.path);
  return { ...options, path, rejectsBase, source, ...(mapsTimes(options) && { anchor }) };
}

/** Is printed, so without what an address keeps secret; two addresses that differ in that alone are two names. */
const nameOfDates = (address: string): string =>
  `${parseAddress(address)
    .hostname.replace(/[^\w.-]/g, "-")
    .slice(0, 50)}-${hash("sha256", address, "hex").slice(0, 8)}`;

/** As `--source` and `--anchor` take names. */
const hostOf = (address: string): string =>
  parseAddress(address)
    .hostname.replace(/[^\w.-]/g, "")
    .slice(0, 64);

/** All that decides what a feed's rows become. */
function keyOf({ path, mapping, profile, ...options }: FeedImport["options"]): string {
  const { source, format, delimiter, encoding, skipLines, rowsIn, limit, truncateText, clean, place } = options;
  const { timeFormat, timezone, intoLastMs, anchor } = options;
  const values = Object.entries(mapping.values).map(([field, map]) => [field, [...(map ?? [])]]);
  const file = { format, delimiter, encoding, skipLines, rowsIn };
  const rules = { source, ...file, timeFormat, timezone, intoLastMs, anchor, limit, truncateText, clean, place };
  return JSON.stringify([path, { ...mapping, values }, profile ?? null, rules]);
}
