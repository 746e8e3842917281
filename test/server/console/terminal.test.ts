import { describe, expect, it } from "vitest";
import { createTerminal } from "../../../server/console/terminal.ts";

function record(isTTY: boolean) {
  const written: string[] = [];
  return { terminal: createTerminal({ isTTY, columns: 80, write: (text) => written.push(text) }), written };
}

describe("createTerminal", () => {
  it("writes a plain line a step without escape codes when it is no terminal", async () => {
    const { terminal, written } = record(false);
    await terminal.run("seed", async (note) => note("10 reports"));
    terminal.line("done");
    expect(written.join("")).toMatch(/^seed: \d+\.\d s, 10 reports\ndone\n$/);
  });

  it("shows what is running and clears it before it writes a line", async () => {
    const { terminal, written } = record(true);
    await terminal.run("seed", async () => terminal.line("a log line"));
    expect(written[0]).toContain("… seed");
    expect(written[1]).toMatch(/^\r.*a log line\n.*seed/);
    expect(written[1]).toContain("\x1b[2K");
  });

  it("passes a step's failure on and forgets the step", async () => {
    const { terminal, written } = record(true);
    await expect(terminal.run("seed", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(written.at(-1)).not.toContain("seed");
  });
});
