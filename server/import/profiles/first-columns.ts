import type { Source } from "../files/source.ts";

/** A JSON file lists its columns nowhere; what none of so many rows has is not what a profile looks for. */
const ROWS_LOOKED_AT = 1_000;

/** The columns of a file, as far as its first rows have them. @throws OperatorError when it cannot be read. */
export async function readFirstColumns(source: Pick<Source, "read" | "rows" | "format">): Promise<readonly string[]> {
  const reader = source.rows();
  let rows = 0;
  for await (const chunk of source.read(() => {})) {
    for (const _ of reader.push(chunk)) if (++rows === ROWS_LOOKED_AT) return reader.columns;
  }
  for (const _ of reader.end()) rows++;
  return reader.columns;
}
