import { performance } from "node:perf_hooks";

/** What a start tells of itself: one line a step, with how long it took. Steps may run side by side. */
export interface Steps {
  /** Runs a step; `note` says how far it is, and its last word stays beside the step's name. */
  run<T>(name: string, work: (note: (detail: string) => void) => Promise<T>): Promise<T>;
}

/** Steps that nobody watches. */
export const silentSteps: Steps = { run: (_name, work) => work(() => {}) };

export interface Terminal extends Steps {
  /** Writes a whole line, above the running steps where they are shown. */
  line(text: string): void;
}

interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = "\r\x1b[2K";
const NAME_WIDTH = 12;

/**
 * On a terminal the running steps share one line that is written over; elsewhere every line stays as it is. Forty lines, for
 * which `ora` or `listr2` would be a dozen packages.
 */
export function createTerminal(stream: TerminalStream): Terminal {
  const pretty = stream.isTTY ?? false;
  const running = new Map<string, string>();

  function redraw(above = ""): void {
    if (!pretty) return void (above && stream.write(above));
    const text = [...running].map(([name, detail]) => (detail ? `${name} (${detail})` : name)).join(", ");
    const status = text === "" ? "" : `\x1b[2m… ${text.slice(0, (stream.columns || 80) - 4)}\x1b[0m`;
    stream.write(`${CLEAR_LINE}${above}${status}`);
  }

  return {
    line: (text) => redraw(`${text}\n`),
    async run(name, work) {
      const startMs = performance.now();
      running.set(name, "");
      redraw();
      try {
        const result = await work((detail) => {
          running.set(name, detail);
          redraw();
        });
        const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
        const detail = running.get(name) ?? "";
        running.delete(name);
        redraw(pretty ? prettyLine(name, seconds, detail) : `${name}: ${seconds} s${detail && `, ${detail}`}\n`);
        return result;
      } finally {
        running.delete(name);
        redraw();
      }
    },
  };
}

function prettyLine(name: string, seconds: string, detail: string): string {
  return `\x1b[32m✓\x1b[0m ${name.padEnd(NAME_WIDTH)} \x1b[2m${seconds.padStart(5)} s  ${detail}\x1b[0m\n`;
}
