import { keptPlace } from "../../tiles/kept.ts";
import type { ReportDraft } from "../api/api.ts";

/** A report on its way: dropped, and not yet known to be stored by the server. */
export interface OutboxEntry {
  /** Its idempotency key: however often it is sent, it is stored once. */
  readonly key: string;
  readonly draft: ReportDraft;
  /** Unix milliseconds. */
  readonly droppedAtMs: number;
  /** It may have reached the server: whether it can be taken back is no longer sure. */
  readonly attempted: boolean;
  readonly refusal?: Refusal;
}

/** What the server said is wrong; `fields` has its messages by the API's field names. */
export interface Refusal {
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** With its place as it will be kept: nothing finer leaves the form, not even into the browser's storage. */
export function newEntry(sent: ReportDraft): OutboxEntry {
  const { lonDeg: lon, latDeg: lat } = keptPlace(sent.layer, sent.category, sent.lon, sent.lat);
  const draft = { ...sent, lat, lon };
  return { key: randomKey(), draft, droppedAtMs: Date.now(), attempted: false };
}

/** Not `randomUUID`, which browsers keep to secure origins: a laptop serves its network over plain HTTP. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where entries outlive the page. */
export interface EntryStorage {
  /** All entries, oldest first. */
  list(): OutboxEntry[];
  put(entry: OutboxEntry): void;
  remove(key: string): void;
}

/** One item for each entry, so that two tabs that write at once do not lose each other's. */
const PREFIX = "stratum-outbox";

/**
 * Entries in `localStorage`, those of one path of the site. Where there is none, or it is full, they live as long as the page: a report is still sent,
 * only not after a reload.
 */
export function createEntryStorage(web: Storage | undefined, path = ""): EntryStorage {
  const prefix = path === "" ? `${PREFIX}/` : `${PREFIX} ${path}/`;
  const inMemory = new Map<string, OutboxEntry>();
  return {
    list() {
      const keys = Array.from({ length: web?.length ?? 0 }, (_, i) => web?.key(i) ?? "");
      const stored = keys.filter((key) => key.startsWith(prefix)).map((key) => parseEntry(web?.getItem(key)));
      const entries = [...stored.filter((entry) => entry !== undefined), ...inMemory.values()];
      return entries.sort((a, b) => a.droppedAtMs - b.droppedAtMs);
    },
    put(entry) {
      try {
        if (web === undefined) throw new Error("no storage");
        web.setItem(prefix + entry.key, JSON.stringify(entry));
      } catch {
        web?.removeItem(prefix + entry.key);
        inMemory.set(entry.key, entry);
      }
    },
    remove(key) {
      web?.removeItem(prefix + key);
      inMemory.delete(key);
    },
  };
}

/** What somebody else wrote under our name is no entry. */
function parseEntry(text: string | null | undefined): OutboxEntry | undefined {
  try {
    const entry = JSON.parse(text ?? "") as OutboxEntry;
    return typeof entry.key === "string" && typeof entry.draft.layer === "string" && entry.droppedAtMs > 0
      ? entry
      : undefined;
  } catch {
    return undefined;
  }
}
