import { describe, expect, it } from "vitest";
import { createLog, type LogLevel } from "../../../server/console/log.ts";

function record(level: LogLevel, pretty: boolean) {
  const lines: string[] = [];
  return { log: createLog({ level, pretty, write: (line) => lines.push(line), now: () => 0 }), lines };
}

describe("createLog", () => {
  it("writes one JSON line an event, even when a value holds newlines", () => {
    const { log, lines } = record("info", false);
    log.warn("store away", { error: new Error("a\nb"), attempts: 2, skipped: undefined });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time: "1970-01-01T00:00:00.000Z", level: "warn", event: "store away", error: "a\nb", attempts: 2 },
    ]);
    expect(lines[0]?.trimEnd()).not.toContain("\n");
  });

  it("writes what is at or above its level", () => {
    const { log, lines } = record("warn", false);
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(["c", "d"]);
  });

  it("writes nothing when silent", () => {
    const { log, lines } = record("silent", true);
    log.error("a");
    expect(lines).toEqual([]);
  });

  it("quotes values with spaces on a terminal", () => {
    const { log, lines } = record("info", true);
    log.info("started", { place: "in memory", port: 1 });
    expect(lines[0]).toContain('started place="in memory" port=1');
  });
});
