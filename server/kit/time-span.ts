const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Reads a span such as `24h`, `1.5d` or `2w` as whole milliseconds; `undefined` when it is none. */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)([smhdw])$/.exec(text);
  return match === null ? undefined : Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]);
}
