import { describe, expect, it } from "vitest";
import { createClosers } from "../../../server/kit/closers.ts";
import { keepLog } from "../console/kept-log.ts";

describe("createClosers", () => {
  it("closes in the opposite order, whatever fails", async () => {
    const { log, lines } = keepLog();
    const closers = createClosers(log);
    const closed: string[] = [];
    const part = (name: string) => ({ close: async () => void closed.push(name) });
    closers.add(part("stores"));
    closers.add({ close: () => Promise.reject(new Error("no")) });
    closers.add(part("listener"));
    await closers.close();
    expect(closed).toEqual(["listener", "stores"]);
    expect(lines()).toEqual(["error not closed"]);
    await closers.close();
    expect(closed, "once").toHaveLength(2);
  });

  it("is done in time although parts hang, and closes the others all the same", async () => {
    const { log, lines } = keepLog();
    const closers = createClosers(log, 100);
    const closed: string[] = [];
    const hanging = { close: () => new Promise<void>(() => {}) };
    closers.add({ close: async () => void closed.push("stores") });
    closers.add(hanging);
    closers.add({ close: async () => void closed.push("usage") });
    closers.add(hanging);
    const startMs = performance.now();
    await closers.close();
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(closed).toEqual(["usage", "stores"]);
    expect(lines()).toEqual(["warn not closed in time", "warn not closed in time"]);
  });
});
