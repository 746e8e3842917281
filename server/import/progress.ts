import type { ImportProgress } from "./import-options.ts";

export interface ProgressOutput {
  write(text: string): void;
  /** A terminal gets one line that is redrawn, a pipe or a log a new line every few seconds. */
  readonly isTTY: boolean;
  /** Unix milliseconds. */
  now(): number;
}

export interface ProgressDisplay {
  show(progress: ImportProgress): void;
  /** Leaves the cursor on a line of its own. */
  end(): void;
}

const REDRAW_MS = 100;
const LINE_MS = 3000;
const BAR_WIDTH = 24;
const CLEAR_LINE = "\r\x1b[2K";

/** Shows how far an import is, how fast, and when it will be done. A package would draw the bar, which is one line of these. */
export function createProgressDisplay({ write, isTTY, now }: ProgressOutput): ProgressDisplay {
  let phase: ImportProgress["phase"] | undefined;
  let phaseStart = 0;
  let lastShown = Number.NEGATIVE_INFINITY;
  let last: ImportProgress | undefined;

  function draw(progress: ImportProgress): void {
    lastShown = now();
    last = undefined;
    const line = formatProgress(progress, (now() - phaseStart) / 1000);
    write(isTTY ? CLEAR_LINE + line : `${line}\n`);
  }

  return {
    show(progress) {
      if (progress.phase !== phase) {
        if (last !== undefined) draw(last);
        if (isTTY && phase !== undefined) write("\n");
        phase = progress.phase;
        phaseStart = now();
        lastShown = isTTY ? Number.NEGATIVE_INFINITY : now();
      }
      last = progress;
      if (now() - lastShown >= (isTTY ? REDRAW_MS : LINE_MS)) draw(progress);
    },
    end() {
      if (last !== undefined) draw(last);
      if (isTTY && phase !== undefined) write("\n");
      phase = undefined;
    },
  };
}

/** One line of at most 80 columns for a file of a million rows. */
export function formatProgress(progress: ImportProgress, elapsedSeconds: number): string {
  const { phase, rows, totalRows, bytes, totalBytes, written, rejected } = progress;
  const share = totalRows === undefined ? portion(bytes, totalBytes) : portion(rows, totalRows);
  const filled = Math.round(share * BAR_WIDTH);
  const rate = elapsedSeconds > 0 ? rows / elapsedSeconds : 0;
  const left = share > 0 && share < 1 ? `, ${formatDuration((elapsedSeconds * (1 - share)) / share)} left` : "";
  const counts = [
    `${formatCount(rows)} rows`,
    `${formatCount(Math.round(rate))}/s${left}`,
    ...(phase === "import" ? [`${formatCount(written)} new`] : []),
    ...(rejected > 0 ? [`${formatCount(rejected)} rejected`] : []),
  ];
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${phase === "first-pass" ? "Reading  " : "Importing"} ${bar} ${percent}%  ${counts.join("  ")}`;
}

const portion = (part: number, whole: number): number => (whole > 0 ? Math.min(1, part / whole) : 1);

/** 86314 as 86 314. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US").replaceAll(",", " ");
}

function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  const clock = `${minutes % 60}:${String(whole % 60).padStart(2, "0")}`;
  return minutes < 60 ? clock : `${Math.floor(minutes / 60)}:${clock.padStart(5, "0")}`;
}
