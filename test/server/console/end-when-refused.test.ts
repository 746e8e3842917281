import { performance } from "node:perf_hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endWhenRefused } from "../../../server/console/end-when-refused.ts";
import { OperatorError } from "../../../server/console/operator-error.ts";
import { type KeptLog, keepLog } from "./kept-log.ts";

const WRONG = new OperatorError("correct its password");

let kept: KeptLog;
beforeEach(() => {
  kept = keepLog();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A process that has run for so long when PostgreSQL first answers. */
function serverAt(ageMs: number, refusal: Error | undefined) {
  vi.spyOn(performance, "now").mockReturnValue(ageMs);
  return { refusal: Promise.resolve(refusal), close: vi.fn(async () => {}) };
}

describe("endWhenRefused", () => {
  it("closes what was started a moment ago and says what to put right, once", async () => {
    const server = serverAt(4_900, WRONG);
    await expect(endWhenRefused(server, kept.log)).rejects.toBe(WRONG);
    expect(server.close).toHaveBeenCalledOnce();
    expect(kept.lines()).toEqual([]);
  });

  it("lets what has run for longer go on, and the log says what to put right", async () => {
    const server = serverAt(5_100, WRONG);
    await endWhenRefused(server, kept.log);
    expect(server.close).not.toHaveBeenCalled();
    expect(kept.lines()).toEqual(["error PostgreSQL cannot be used: serving without it until it can"]);
    expect(kept.fields(0)).toEqual({ error: WRONG });
  });

  it("leaves alone what is not refused", async () => {
    const server = serverAt(100, undefined);
    await endWhenRefused(server, kept.log);
    expect(server.close).not.toHaveBeenCalled();
  });
});
