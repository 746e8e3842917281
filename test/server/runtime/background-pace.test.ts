import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { createBackgroundPace } from "../../../server/runtime/node/background-pace.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A call of the background, and whether it was made. */
function startCall(pace: ReturnType<typeof createBackgroundPace>) {
  const call = { isMade: false };
  void pace.run(async () => {
    call.isMade = true;
  });
  return call;
}

describe("the pace of Node's background work", () => {
  it("spends what the background's own requests cost, and nothing of what others' do meanwhile", async () => {
    const pace = createBackgroundPace({ ...readConfig({ DYNAMODB_TABLE: "reports" }), backgroundUnitsPerSecond: 1 });
    /** Its cost is told behind the answer, as by the stores' client. */
    const request = async () => {
      await sleep(5);
      pace.consumed({ read: 40, write: 60, requests: 1 });
    };
    void pace.run(() => sleep(5));
    void request();
    await vi.advanceTimersByTimeAsync(100);
    const unspent = startCall(pace);
    await vi.advanceTimersByTimeAsync(100);
    expect(unspent.isMade).toBe(true);

    void pace.run(request);
    await vi.advanceTimersByTimeAsync(100);
    const spent = startCall(pace);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(spent.isMade).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(spent.isMade).toBe(true);
  });

  it("spends nothing where reports are embedded", async () => {
    const pace = createBackgroundPace({ ...readConfig({}), backgroundUnitsPerSecond: 1 });
    void pace.run(async () => pace.consumed({ read: 1_000, write: 1_000, requests: 1 }));
    await vi.advanceTimersByTimeAsync(100);
    const call = startCall(pace);
    await vi.advanceTimersByTimeAsync(100);
    expect(call.isMade).toBe(true);
  });

  it("lets calls wait until a request is answered, or has failed", async () => {
    const pace = createBackgroundPace(readConfig({}));
    const fetch = pace.during<unknown>(async (request) => {
      await sleep(500);
      if (request.url.endsWith("/api/cities")) throw new Error("broken");
      return new Response("tile");
    });
    for (const path of ["/tiles/safety/1/0/0.pbf", "/api/cities"]) {
      const answered = Promise.resolve(fetch(new Request(`http://localhost${path}`), {})).then(
        (response) => response.text(),
        (error: Error) => error.message,
      );
      // The first call has a share in any case; behind it the next one waits for nine times as long.
      void pace.run(() => sleep(90));
      await vi.advanceTimersByTimeAsync(100);
      const call = startCall(pace);
      await vi.advanceTimersByTimeAsync(390);
      expect(call.isMade).toBe(false);
      await vi.advanceTimersByTimeAsync(20);
      expect(call.isMade).toBe(true);
      expect(await answered).toBe(path === "/api/cities" ? "broken" : "tile");
      await vi.advanceTimersByTimeAsync(2_000);
    }
  });
});
