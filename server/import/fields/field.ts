/** What a report needs to be told by a row. */
export const FIELDS = ["lon", "lat", "time", "layer", "category", "severity", "text"] as const;
export type Field = (typeof FIELDS)[number];

export function isField(name: string): name is Field {
  return (FIELDS as readonly string[]).includes(name);
}
