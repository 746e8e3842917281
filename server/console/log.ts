/**
 * Events, one line each, the same from Node and from workerd, where `pino` only knows the console. Never give it an address, a
 * key or a report's text: logs outlive the anonymity that residents were promised.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** What an event says beside its name; an Error is logged by its message, and by its stack at level debug. */
export type LogFields = Readonly<Record<string, unknown>>;

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Coloured `HH:MM:SS event key=value` for a terminal, instead of JSON for a collector. */
  readonly pretty: boolean;
  /** Takes one line with its newline. */
  readonly write: (line: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A log that writes the events of `level` and above. */
export function createLog({ level, pretty, write, now }: LogOptions): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const format = pretty ? formatPretty : formatJson;
  const at = (eventLevel: Exclude<LogLevel, "silent">) => {
    if (LOG_LEVELS.indexOf(eventLevel) < threshold) return () => {};
    return (event: string, fields: LogFields = {}) => {
      write(`${format(new Date(now()), eventLevel, event, plainFields(fields, level === "debug"))}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A log that keeps quiet. */
export const silentLog: Log = createLog({ level: "silent", pretty: false, write: () => {}, now: () => 0 });

function plainFields(fields: LogFields, withStack: boolean): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    plain[name] = value instanceof Error ? (withStack && value.stack) || value.message || value.name : value;
  }
  return plain;
}

function formatJson(time: Date, level: string, event: string, fields: LogFields): string {
  return JSON.stringify({ time: time.toISOString(), level, event, ...fields });
}

const COLORS: Readonly<Record<string, string>> = { debug: "\x1b[2m", info: "", warn: "\x1b[33m", error: "\x1b[31m" };

function formatPretty(time: Date, level: string, event: string, fields: LogFields): string {
  const clock = time.toTimeString().slice(0, 8);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${quoteWhenNeeded(value)}`);
  return `\x1b[2m${clock}\x1b[0m ${COLORS[level]}${[event, ...pairs].join(" ")}\x1b[0m`;
}

function quoteWhenNeeded(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return typeof value === "string" && /[\s"]/.test(text) && !text.includes("\n") ? JSON.stringify(text) : text;
}
