import { OperatorError } from "../../console/operator-error.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const MOST_BYTES = 1 << 20;

/** The first lines of a content, with their ends. @throws OperatorError when there are not so many, or they are no preamble by their length */
export async function readPreamble(content: AsyncIterable<Buffer>, lines: number, path: string): Promise<Buffer> {
  if (lines === 0) return Buffer.alloc(0);
  const parts: Buffer[] = [];
  let bytes = 0;
  let found = 0;
  for await (const chunk of content) {
    let to = 0;
    while (found < lines) {
      const at = chunk.indexOf(LINE_FEED, to);
      if (at < 0) break;
      found++;
      to = at + 1;
    }
    const part = found === lines ? chunk.subarray(0, to) : chunk;
    parts.push(part);
    bytes += part.length;
    if (found === lines) return Buffer.concat(parts);
    if (bytes > MOST_BYTES) throw new OperatorError(`The first ${lines} lines of ${path} are longer than 1 MiB.`);
  }
  throw new OperatorError(`--skip-lines ${lines} leaves nothing of ${path}, which has ${found} lines.`);
}

/** A content without its first bytes. */
export async function* withoutFirst(content: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of content) {
    const passed = Math.min(left, chunk.length);
    left -= passed;
    if (passed < chunk.length) yield chunk.subarray(passed);
  }
}

/** A content whose lines end with carriage returns, as those of old Macs, with line feeds in their place. */
export async function* withLineFeeds(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    const copy = Buffer.from(chunk);
    for (let at = copy.indexOf(CARRIAGE_RETURN); at >= 0; at = copy.indexOf(CARRIAGE_RETURN, at + 1))
      copy[at] = LINE_FEED;
    yield copy;
  }
}
