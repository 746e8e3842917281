import type { Log, LogFields } from "../../../server/console/log.ts";

/** A log whose events a test looks at; `debug` is left out. */
export interface KeptLog {
  readonly log: Log;
  /** `warn event`, oldest first. */
  lines(): string[];
  fields(index: number): LogFields;
}

export function keepLog(): KeptLog {
  const kept: { readonly line: string; readonly fields: LogFields }[] = [];
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      kept.push({ line: `${level} ${event}`, fields });
    };
  return {
    log: { debug: () => {}, info: at("info"), warn: at("warn"), error: at("error") },
    lines: () => kept.map(({ line }) => line),
    fields: (index) => kept[index]?.fields ?? {},
  };
}
