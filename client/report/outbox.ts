import { type ReportDraft, RequestError, type SentReportJson } from "../api/api.ts";
import { createBackoff } from "./backoff.ts";
import {
  ageMs,
  dueEntries,
  type EntryState,
  HOLD_MS,
  OTHERS_AFTER_MS,
  type PageMemory,
  stateOf,
  waitMs,
} from "./entry-state.ts";
import { type EntryStorage, newEntry, type OutboxEntry, type Refusal } from "./outbox-entry.ts";

export type OutboxEvent =
  | { readonly type: "changed" }
  | { readonly type: "sent"; readonly entry: OutboxEntry; readonly report: SentReportJson }
  | { readonly type: "refused"; readonly entry: OutboxEntry };

export interface Outbox {
  /** Oldest first. */
  list(): readonly OutboxEntry[];
  stateOf(entry: OutboxEntry): EntryState;
  /** The last attempt failed for no fault of the report. */
  isTroubled(): boolean;
  /** Takes a report in; `undefined` when there is no more room. */
  add(draft: ReportDraft): OutboxEntry | undefined;
  /** Removes an entry that is not being sent. False: too late. */
  discard(key: string): boolean;
  /** An old report still holds: it is sent as if it were dropped now. */
  confirm(key: string): void;
  /** The page is being left: sends at once what was dropped in it and still held. */
  release(): void;
  /** The network may be back, or the page: tries at once, whatever failed before. */
  resume(): void;
  /** Another tab or the clock changed something. */
  noteChanged(): void;
  listen(listener: (event: OutboxEvent) => void): void;
}

export interface OutboxPorts {
  readonly storage: EntryStorage;
  /** @throws RequestError */
  post(draft: ReportDraft, key: string): Promise<SentReportJson>;
  /** Runs the work while no other tab does; false when one does, and nothing was run. */
  exclusive(work: () => Promise<void>): Promise<boolean>;
  isOnline(): boolean;
}

export const MAX_ENTRIES = 50;
const OTHER_TAB_MS = 1_000;

/**
 * Sends reports one by one, each until the server has said yes or no. Network failures, 429 and 5xx are tried again with
 * growing pauses. Not by Background Sync (or Workbox, over it): Safari and Firefox have none, and it knows no Undo.
 */
export function createOutbox({ storage, post, exclusive, isOnline }: OutboxPorts): Outbox {
  const page: PageMemory = { own: new Set(), sending: new Set(), failures: new Map() };
  const listeners: ((event: OutboxEvent) => void)[] = [];
  const tell = (event: OutboxEvent) => {
    for (const listener of listeners) listener(event);
  };
  const backoff = createBackoff();
  const send = createSender({ storage, post, page, backoff, tell });
  const due = () => dueEntries(storage.list(), page);
  let isFlushing = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function noteChanged(): void {
    tell({ type: "changed" });
    clearTimeout(timer);
    // Looks again when it is done.
    if (isFlushing) return;
    const waits = storage
      .list()
      .filter((entry) => ["held", "waiting"].includes(stateOf(entry, page)))
      .map((entry) => (stateOf(entry, page) === "held" ? HOLD_MS - ageMs(entry) : waitMs(entry, page)));
    // Without a network only the end of the hold is of interest: `resume` comes with the network.
    const wanted = isOnline() ? waits : waits.filter((wait) => wait > 0);
    if (wanted.length === 0) return;
    timer = setTimeout(flush, Math.max(0, isOnline() ? backoff.leftMs() : 0, Math.min(...wanted)));
  }

  async function flush(): Promise<void> {
    if (isOnline() && !isFlushing && backoff.leftMs() === 0 && due().length > 0) {
      isFlushing = true;
      const ran = await exclusive(sendDue).finally(() => {
        isFlushing = false;
      });
      if (!ran) backoff.pause(OTHER_TAB_MS);
    }
    noteChanged();
  }

  async function sendDue(): Promise<void> {
    for (let [next] = due(); next && isOnline(); [next] = due()) if (!(await send(next))) return;
  }

  return {
    list: () => storage.list(),
    stateOf: (entry) => stateOf(entry, page),
    isTroubled: () => backoff.failures() > 0,
    add(draft) {
      if (storage.list().length >= MAX_ENTRIES) return undefined;
      const entry = newEntry(draft);
      page.own.add(entry.key);
      storage.put(entry);
      noteChanged();
      return entry;
    },
    discard(key) {
      if (page.sending.has(key) || !storage.list().some((entry) => entry.key === key)) return false;
      storage.remove(key);
      noteChanged();
      return true;
    },
    confirm(key) {
      const entry = storage.list().find((candidate) => candidate.key === key);
      if (entry) storage.put({ ...entry, droppedAtMs: Date.now() - HOLD_MS - OTHERS_AFTER_MS });
      noteChanged();
    },
    release() {
      if (!isOnline()) return;
      for (const entry of storage.list()) {
        if (page.own.has(entry.key) && stateOf(entry, page) === "held") send(entry).then(noteChanged);
      }
    },
    resume() {
      backoff.reset();
      void flush();
    },
    noteChanged,
    listen: (listener) => listeners.push(listener),
  };
}

interface SenderParts extends Pick<OutboxPorts, "storage" | "post"> {
  readonly page: PageMemory;
  readonly backoff: ReturnType<typeof createBackoff>;
  readonly tell: (event: OutboxEvent) => void;
}

/** Sends one entry, and keeps what the server said. Resolves to whether the next may follow at once. */
function createSender({ storage, post, page, backoff, tell }: SenderParts): (entry: OutboxEntry) => Promise<boolean> {
  const { sending, failures } = page;
  return async (entry) => {
    const attempted = { ...entry, attempted: true };
    storage.put(attempted);
    sending.add(entry.key);
    tell({ type: "changed" });
    try {
      const report = await post(entry.draft, entry.key);
      storage.remove(entry.key);
      sending.delete(entry.key);
      backoff.reset();
      tell({ type: "sent", entry, report });
      return true;
    } catch (error) {
      sending.delete(entry.key);
      const refusal = refusalOf(error);
      if (refusal === undefined) {
        failures.set(entry.key, (failures.get(entry.key) ?? 0) + 1);
        backoff.failed(error instanceof RequestError ? error.retryAfterSeconds * 1000 : 0);
        return false;
      }
      const refused = { ...attempted, refusal };
      storage.put(refused);
      tell({ type: "refused", entry: refused });
      return true;
    }
  };
}

/** Client errors are about the report; the others, and what is no error of the API at all, are about the moment. */
function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof RequestError)) return undefined;
  const { status, message, fields } = error;
  const isPassing = status < 400 || status >= 500 || [408, 425, 429].includes(status);
  return isPassing ? undefined : { message, fields: Object.fromEntries(fields) };
}
