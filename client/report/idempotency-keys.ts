import type { ReportDraft } from "../api.ts";

/**
 * The key of a draft: the same while the draft stays the same, so that sending again after a lost answer stores nothing
 * twice; a new one as soon as anything is changed.
 */
export function createIdempotencyKeys(): (draft: ReportDraft) => string {
  let lastDraft = "";
  let key = "";
  return (draft) => {
    const text = JSON.stringify(draft);
    if (text !== lastDraft) {
      lastDraft = text;
      key = randomKey();
    }
    return key;
  };
}

/** Not `randomUUID`, which browsers keep to secure origins: a laptop serves its network over plain HTTP. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
