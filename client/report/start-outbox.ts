import { postReport } from "../api/api.ts";
import { OF_PATH } from "../api/base.ts";
import { withProof } from "../api/proof.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createEntryStorage } from "./outbox-entry.ts";

const LOCK = `stratum-outbox${OF_PATH}`;

/** The outbox of this browser, which all its tabs share; it begins with what an earlier visit left. */
export function startOutbox(): Outbox {
  const outbox = createOutbox({
    storage: createEntryStorage(openStorage(), OF_PATH),
    post: (draft, key) => withProof((proof) => postReport(draft, key, proof)),
    exclusive,
    isOnline: () => navigator.onLine,
  });
  addEventListener("online", outbox.resume);
  addEventListener("offline", outbox.noteChanged);
  addEventListener("storage", outbox.noteChanged);
  addEventListener("pagehide", outbox.release);
  // A phone may end a hidden page without another word.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) outbox.release();
    else outbox.resume();
  });
  return outbox;
}

/** Some settings of privacy forbid even to ask for it. */
function openStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

/** Without locks, which browsers keep to secure origins, two tabs may send the same report: it is stored once all the same. */
async function exclusive(work: () => Promise<void>): Promise<boolean> {
  if (!("locks" in navigator)) {
    await work();
    return true;
  }
  return navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock === null) return false;
    await work();
    return true;
  });
}
