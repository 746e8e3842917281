export const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Where a scan of RFC 4180 text stands. A quote inside a field that did not begin with one is just a character. */
export type ScanState = "field-start" | "plain" | "quoted" | "quote-seen" | "broken";

/** Where a scan stands after more bytes, at most to the end of their line. */
export function scan(bytes: Buffer, from: ScanState, delimiter: number): ScanState {
  let state = from;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (state === "quoted") {
      if (byte === QUOTE) state = "quote-seen";
    } else if (byte === delimiter) state = "field-start";
    else if (byte === LINE_FEED) return "field-start";
    else if (state === "quote-seen") {
      if (byte === QUOTE) state = "quoted";
      else if (byte !== CARRIAGE_RETURN || (bytes[i + 1] ?? LINE_FEED) !== LINE_FEED) return "broken";
    } else if (state === "field-start") state = byte === QUOTE ? "quoted" : "plain";
  }
  return state;
}

/** Fields of a record whose quotes are known to be balanced. */
export function splitFields(record: string, delimiter: string): string[] {
  if (!record.includes('"')) return record.split(delimiter);
  const fields: string[] = [];
  let from = 0;
  while (from <= record.length) {
    if (record.charAt(from) !== '"') {
      const to = record.indexOf(delimiter, from);
      fields.push(record.slice(from, to < 0 ? record.length : to));
      from = to < 0 ? record.length + 1 : to + 1;
      continue;
    }
    let to = record.indexOf('"', from + 1);
    while (record.charAt(to + 1) === '"') to = record.indexOf('"', to + 2);
    fields.push(record.slice(from + 1, to).replaceAll('""', '"'));
    from = to + 2;
  }
  return fields;
}

/** Every column gets a name of its own: an empty one its number, a repeated one a suffix. */
export function nameColumns(header: readonly string[]): string[] {
  const names: string[] = [];
  for (const [index, cell] of header.entries()) {
    const wanted = cell.trim() || `column_${index + 1}`;
    let name = wanted;
    for (let n = 2; names.includes(name); n++) name = `${wanted}_${n}`;
    names.push(name);
  }
  return names;
}
