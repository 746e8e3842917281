import { describe, expect, it, vi } from "vitest";
import { type Identity, keepCredentials } from "../../../../server/store/dynamo/wire/credentials.ts";

const START_MS = Date.UTC(2026, 5, 1);
const MINUTE_MS = 60_000;

const identity = (accessKeyId: string, afterMinutes?: number): Identity => ({
  accessKeyId,
  secretAccessKey: "secret",
  ...(afterMinutes === undefined ? {} : { expiration: new Date(START_MS + afterMinutes * MINUTE_MS) }),
});

describe("credentials", () => {
  it("are asked for once, by whoever is first", async () => {
    const provide = vi.fn(async () => identity("one"));
    const source = keepCredentials(provide);
    const [first, second] = [source(START_MS), source(START_MS)];
    expect(await Promise.all([first, second])).toEqual([identity("one"), identity("one")]);
    expect(source(START_MS + 1e12)).toEqual(identity("one"));
    expect(provide).toHaveBeenCalledTimes(1);
  });

  it("are renewed before they end, while requests go on with the old ones", async () => {
    const next = Promise.withResolvers<Identity>();
    const provide = vi.fn<() => Promise<Identity>>().mockResolvedValueOnce(identity("old", 60));
    provide.mockReturnValueOnce(next.promise);
    const source = keepCredentials(provide);
    await source(START_MS);
    expect(source(START_MS + 54 * MINUTE_MS)).toMatchObject({ accessKeyId: "old" });
    expect(provide).toHaveBeenCalledTimes(1);
    expect(source(START_MS + 56 * MINUTE_MS)).toMatchObject({ accessKeyId: "old" });
    expect(source(START_MS + 57 * MINUTE_MS)).toMatchObject({ accessKeyId: "old" });
    expect(provide).toHaveBeenCalledTimes(2);
    const waiting = source(START_MS + 59.5 * MINUTE_MS);
    next.resolve(identity("new", 120));
    expect(await waiting).toMatchObject({ accessKeyId: "new" });
    expect(source(START_MS + 60 * MINUTE_MS)).toMatchObject({ accessKeyId: "new" });
    expect(provide).toHaveBeenCalledTimes(2);
  });

  it("go on while they are good though new ones cannot be had, and are asked for again", async () => {
    const provide = vi.fn<() => Promise<Identity>>().mockResolvedValueOnce(identity("old", 60));
    provide.mockRejectedValue(new Error("no role"));
    const source = keepCredentials(provide);
    await source(START_MS);
    for (const minute of [56, 57]) {
      expect(source(START_MS + minute * MINUTE_MS)).toMatchObject({ accessKeyId: "old" });
      // The failure is settled.
      await vi.waitFor(() => expect(provide).toHaveBeenCalledTimes(minute - 54));
      await Promise.resolve();
    }
    // In the last minute the new ones are waited for, and the old ones still sign.
    expect(await source(START_MS + 59.5 * MINUTE_MS)).toMatchObject({ accessKeyId: "old" });
    await expect(source(START_MS + 61 * MINUTE_MS)).rejects.toMatchObject({
      name: "StoreUnavailableError",
      cause: new Error("no role"),
    });
    provide.mockResolvedValue(identity("new", 120));
    expect(await source(START_MS + 61 * MINUTE_MS)).toMatchObject({ accessKeyId: "new" });
  });
});
