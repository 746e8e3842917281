import { OperatorError } from "../../console/operator-error.ts";
import type { Encoding } from "./encoding.ts";
import { isUtf8Name } from "./encoding.ts";
import type { Row, RowReader } from "./row.ts";

/** More broken rows than chance makes, in percent: the file has another encoding. */
const MOST_BROKEN_PERCENT = 1;
const SHOWN_BEFORE = 20;
const SHOWN = 40;

/**
 * The reader, which refuses the file at its end when a hundredth of its rows is no UTF-8 and nobody said that it is: so the first pass
 * fails, and nothing is stored.
 */
export function checkedForUtf8(reader: RowReader, encoding: Encoding): RowReader {
  if (!isUtf8Name(encoding)) return withBadBytes(reader);
  if (encoding.isKnown) return reader;
  let rows = 0;
  let broken = 0;
  let example: Row | undefined;

  function* counted(found: Iterable<Row>): Generator<Row> {
    for (const row of found) {
      rows++;
      if (row.hasBadBytes) {
        broken++;
        example ??= row;
      }
      yield row;
    }
  }

  return Object.assign(Object.create(reader) as RowReader, {
    push: (chunk: Buffer) => counted(reader.push(chunk)),
    *end(): Generator<Row> {
      yield* counted(reader.end());
      if (example !== undefined && broken * 100 >= rows * MOST_BROKEN_PERCENT) {
        throw new OperatorError(describe(example, broken, rows));
      }
    },
  });
}

/** Of a file that was decoded: bytes that are not of its encoding became U+FFFD. */
function withBadBytes(reader: RowReader): RowReader {
  function* marked(found: Iterable<Row>): Generator<Row> {
    for (const row of found) yield row.raw.includes("\uFFFD") ? { ...row, hasBadBytes: true } : row;
  }
  return Object.assign(Object.create(reader) as RowReader, {
    push: (chunk: Buffer) => marked(reader.push(chunk)),
    end: () => marked(reader.end()),
  });
}

function describe({ number, raw }: Row, broken: number, rows: number): string {
  const text = new TextDecoder("windows-1252").decode(partAroundBroken(raw));
  // Windows-1252 has no character for five bytes, which come out as control characters.
  const isOther = /[\u0080-\u009f]/.test(text);
  const told = `${broken} of ${rows} rows are not valid UTF-8, which the file is taken for`;
  const instead = "or --encoding utf-8 to go on without what these bytes are in";
  if (isOther)
    return `${told}: say --encoding NAME with the file's own, such as windows-1251 or shift_jis, ${instead}.`;
  return `${told}: if row ${number} is to have ${JSON.stringify(text)}, say --encoding windows-1252, ${instead}.`;
}

/** What is around the first byte that is not ASCII, most likely a broken one. */
function partAroundBroken(raw: Buffer): Buffer {
  const at = Math.max(0, raw.findIndex((byte) => byte > 0x7f) - SHOWN_BEFORE);
  return raw.subarray(at, at + SHOWN);
}
