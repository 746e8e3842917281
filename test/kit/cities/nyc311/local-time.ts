const HOUR_MS = 3_600_000;

/** What New York's clocks show, as the portal writes it: `03/14/2026 02:05:11 AM`, nothing that tells the doubled hour's two apart. */
export function newYorkTime(utcMs: number): string {
  const local = new Date(utcMs + newYorkOffsetMs(utcMs));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hour = local.getUTCHours();
  const day = `${two(local.getUTCMonth() + 1)}/${two(local.getUTCDate())}/${local.getUTCFullYear()}`;
  const time = `${two(hour % 12 || 12)}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  return `${day} ${time} ${hour < 12 ? "AM" : "PM"}`;
}

/** By the rule since 2007: from the second Sunday in March to the first in November, at 2 o'clock. */
function newYorkOffsetMs(utcMs: number): number {
  const year = new Date(utcMs).getUTCFullYear();
  const begins = sundayOf(year, 2, 8) + 7 * HOUR_MS;
  const ends = sundayOf(year, 10, 1) + 6 * HOUR_MS;
  return (utcMs >= begins && utcMs < ends ? -4 : -5) * HOUR_MS;
}

/** The first Sunday from a day of a month on. */
function sundayOf(year: number, month: number, from: number): number {
  const day = new Date(Date.UTC(year, month, from));
  return day.getTime() + ((7 - day.getUTCDay()) % 7) * 24 * HOUR_MS;
}
