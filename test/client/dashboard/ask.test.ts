import { afterEach, expect, test, vi } from "vitest";
import { ask, onSignedOut } from "../../../client/dashboard/api/ask.ts";
import { KEY_NEEDED, PLAN_NEEDED } from "../../../server/http/middleware/api-key.ts";

afterEach(() => {
  vi.restoreAllMocks();
  onSignedOut(() => {});
});

const SIGN_IN_NEEDED = { status: 401, kind: "sign-in-needed" };

test.each([
  ["/api/keys", SIGN_IN_NEEDED, 1],
  ["/api/usage", KEY_NEEDED, 1],
  ["/api/exports/scores.csv", PLAN_NEEDED, 1],
  ["/api/account", { status: 401, kind: "invalid-password" }, 0],
  ["/api/auth/change-password", SIGN_IN_NEEDED, 0],
  ["/api/usage", { status: 403, kind: "plan" }, 0],
])("tells the end of the session by what %s refuses: %o", async (path, { status, kind }, times) => {
  const ended = vi.fn();
  onSignedOut(ended);
  const body = JSON.stringify({ type: `urn:stratum:problem:${kind}` });
  vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(body, { status }));
  await expect(ask(path)).rejects.toMatchObject({ status, kind });
  expect(ended).toHaveBeenCalledTimes(times);
});
