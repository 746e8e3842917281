import { randomBytes } from "node:crypto";
import { OperatorError } from "../../console/operator-error.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { type Anchor, type KeptFile, mapByAnchor, newAnchor, sharesRows, tokensOf } from "./anchor.ts";
import { itemName, type KeptAnchor, type KeptAnchors, listAnchors, nameItem, putAnchor } from "./anchor-items.ts";
import type { TypicalSpan } from "./time-counts.ts";

/** What an import asks of the anchors that are kept. */
export interface AnchorRequest {
  /** As the command line names the file. */
  readonly shownPath: string;
  readonly file: Pick<KeptFile, "path" | "contentHash" | "timeReading">;
  /** Of the file's sketch. */
  readonly least: readonly number[];
  /** What its times fill. */
  readonly span: TypicalSpan;
  /** The length to map that onto; 0: all rows happen at one moment. */
  readonly lastMs: number;
  readonly nowMs: number;
  readonly name?: string | undefined;
  /** Dates the file by now whatever is kept. */
  readonly renew: boolean;
  /** How many rows that can be imported happened at times of which that is so, to the day. */
  countTimes(test: (timeMs: number) => boolean): number;
  /** How a program before moved the same content; asked for only where nothing of today is kept. */
  findFormer(): Promise<Omit<Anchor, "file"> | undefined>;
}

export interface PlannedAnchor {
  readonly anchor: Anchor;
  /** Of the item that it takes the place of. */
  readonly expected: number | undefined;
  /** Whether earlier dates are gone on with. */
  readonly isKept: boolean;
}

/**
 * The anchor that an import is to go by, which is kept by `keepAnchor`. A file is known again by the name that the operator gives, by its
 * content, by its path, or by rows that it shares with a file of before.
 * @throws OperatorError when the file was imported before and what is there now could not be found again without saying how
 * @throws StoreUnavailableError
 */
export async function planAnchor(derived: Pick<DerivedStore, "list">, request: AnchorRequest): Promise<PlannedAnchor> {
  const kept = await listAnchors(derived);
  const { name, renew } = request;
  const fresh = (): PlannedAnchor =>
    planned(request, kept, newAnchor(request.span, request.lastMs, request.nowMs), false);
  if (renew) return fresh();
  refuseUnreadable(request, kept);
  const named = name === undefined ? undefined : kept.anchors.get(nameItem(name))?.anchor;
  const known = named ?? recognise(request, kept);
  if (known === undefined) {
    const former = await request.findFormer();
    return former === undefined ? fresh() : planned(request, kept, former, true);
  }
  if (known.lastMs !== request.lastMs) throw new OperatorError(otherSpan(request, known));
  if (name === undefined && request.lastMs > 0) {
    if (!isSame(request, known)) throw new OperatorError(otherContent(request, known));
    const outside = request.countTimes((timeMs) => isOutside(known, timeMs));
    // With a name it was gone on with by who knew.
    if (known.name === undefined && outside > MOST_OUTSIDE * request.countTimes(() => true))
      throw new OperatorError(otherRows(request, known, outside));
  }
  return planned(request, kept, known, true);
}

/** @returns false when another import was faster, and all is to be planned again  @throws StoreUnavailableError */
export const keepAnchor = (derived: Pick<DerivedStore, "put">, { anchor, expected }: PlannedAnchor): Promise<boolean> =>
  putAnchor(derived, anchor, expected);

function planned(
  request: AnchorRequest,
  kept: KeptAnchors,
  dates: Omit<Anchor, "file">,
  isKept: boolean,
): PlannedAnchor {
  const salt = randomBytes(8).toString("hex");
  const file = { ...request.file, salt, tokens: tokensOf(request.least, salt) };
  // Rows that the file did not have then may have happened since.
  const newestMs = dates.lastMs === 0 ? undefined : mapByAnchor(dates, request.nowMs)(request.span.newestMs);
  const latestMs = Math.max(dates.latestMs, typeof newestMs === "number" ? newestMs : dates.latestMs);
  const anchor: Anchor = { ...dates, latestMs, name: request.name ?? dates.name, file };
  const item = itemName(anchor);
  return { anchor, isKept, expected: kept.anchors.get(item)?.version ?? kept.unreadable.get(item) };
}

/** The newest anchor, and one with a name before others, of the same content, else of the same path, else of a file that shares rows. */
function recognise({ file, least, lastMs }: AnchorRequest, { anchors }: KeptAnchors): Anchor | undefined {
  const isMoment = lastMs === 0;
  const candidates = [...anchors.values()]
    .map(({ anchor }: KeptAnchor) => anchor)
    .filter((anchor) => (anchor.lastMs === 0) === isMoment)
    .sort((a, b) => b.epochMs - a.epochMs || Number(b.name !== undefined) - Number(a.name !== undefined));
  const isSamePath = (anchor: Anchor): boolean => file.path !== undefined && anchor.file.path === file.path;
  return (
    candidates.find((anchor) => anchor.file.contentHash === file.contentHash) ??
    // Rows of one moment are only found again where they are the same.
    candidates.find((anchor) => isSamePath(anchor) && !isMoment) ??
    candidates.find((anchor) => sharesRows(least, anchor.file))
  );
}

/** Whether nothing has changed that makes other reports of the file's rows. */
const isSame = ({ file, least }: AnchorRequest, known: Anchor): boolean =>
  known.file.contentHash === file.contentHash &&
  known.file.timeReading === file.timeReading &&
  (least.length === 0 || sharesRows(least, known.file));

/** Of the rows of a file that is the same: more can be imported now that its mapping was mended, than its times were moved by. */
const MOST_OUTSIDE = 0.01;

const isOutside = (
  { oldestMs, newestMs, cutBeforeMs = -Infinity, cutAfterMs = Infinity }: Anchor,
  timeMs: number,
): boolean => (timeMs < oldestMs || timeMs > newestMs) && timeMs > cutBeforeMs && timeMs < cutAfterMs;

function refuseUnreadable({ file, name }: AnchorRequest, { unreadable }: KeptAnchors): void {
  const asked = [`content/${file.contentHash}`, ...(name === undefined ? [] : [nameItem(name)])];
  if (!asked.some((item) => unreadable.has(item))) return;
  throw new OperatorError(
    "The dates that are kept of this file's first import cannot be read by this version: run the version that kept them, " +
      "or say --new-anchor to date the file by now, which makes a new report of every row.",
  );
}

const otherSpan = ({ shownPath }: AnchorRequest, known: Anchor): string =>
  `${shownPath} was imported before with --into-last ${formatSpan(known.lastMs)}: say that again, so that rows that are there are ` +
  "found again, or say --new-anchor to date it by now, which makes a new report of every row.";

function otherContent({ shownPath, file }: AnchorRequest, known: Anchor): string {
  const { path, contentHash } = known.file;
  const renew = "or say --new-anchor to date it by now, which makes a new report of every row.";
  if (contentHash === file.contentHash) {
    return (
      `${shownPath} was imported before, but by other columns, so that its rows would not be found again: use the same columns, ` +
      `take that import back first, ${renew}`
    );
  }
  const before =
    path === file.path || path === undefined
      ? "was imported before with other content"
      : `shares rows with ${path}, which was imported before`;
  return (
    `${shownPath} ${before}, as of ${formatMinute(known.epochMs)} UTC: say --anchor ${known.name ?? "NAME"} to go on with those dates, ` +
    `so that rows that are there are found again, ${renew}`
  );
}

function otherRows(
  { shownPath }: AnchorRequest,
  { oldestMs, newestMs, name = "NAME" }: Anchor,
  outside: number,
): string {
  const span = `${formatMinute(oldestMs)} to ${formatMinute(newestMs)}`;
  return (
    `${shownPath} was imported before, when fewer of its rows could be, and its times were moved by those alone (${span}): ${outside} rows ` +
    `lie outside. Say --new-anchor to date it by all of them, which makes a new report of every row, or --anchor ${name} to go on with the earlier dates.`
  );
}

export const formatMinute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

/** As `--into-last` takes it. */
function formatSpan(ms: number): string {
  const unit = (
    [
      ["d", 86_400_000],
      ["h", 3_600_000],
      ["m", 60_000],
    ] as const
  ).find(([, length]) => ms % length === 0);
  return unit === undefined ? `${ms / 1000}s` : `${ms / unit[1]}${unit[0]}`;
}
