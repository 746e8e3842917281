export const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Where a scan of RFC 4180 text stands. A quote inside a field that did not begin with one is just a character. */
export type ScanState = "field-start" | "plain" | "quoted" | "quote-seen" | "broken";

/** What one line comes to, scanned from a state. */
export interface ScannedLine {
  /** "quoted" when the field goes on with the next line. */
  readonly state: ScanState;
  /** Delimiters outside of quotes. */
  readonly delimiters: number;
  /** So many of them have nothing but the line's end behind them, and one another. */
  readonly trailing: number;
}

/** Scans bytes, at most to the end of their line. */
export function scan(bytes: Buffer, from: ScanState, delimiter: number): ScannedLine {
  let state = from;
  let delimiters = 0;
  let trailing = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (state === "quoted") {
      if (byte === QUOTE) state = "quote-seen";
    } else if (byte === delimiter) {
      delimiters++;
      trailing++;
      state = "field-start";
    } else if (byte === LINE_FEED) break;
    else if (byte === CARRIAGE_RETURN && (bytes[i + 1] ?? LINE_FEED) === LINE_FEED) break;
    else {
      trailing = 0;
      if (state === "quote-seen") {
        if (byte !== QUOTE) return { state: "broken", delimiters, trailing };
        state = "quoted";
      } else if (state === "field-start") state = byte === QUOTE ? "quoted" : "plain";
    }
  }
  return { state: state === "quoted" ? state : "field-start", delimiters, trailing };
}

/** Where a record stands at its end; "broken" also where it ends before the text does. */
export function scanText(text: Buffer, delimiter: number): ScanState {
  let state: ScanState = "field-start";
  for (let from = 0; from < text.length; ) {
    const to = text.indexOf(LINE_FEED, from) + 1 || text.length;
    state = scan(text.subarray(from, to), state, delimiter).state;
    if (state !== "quoted") return to < text.length ? "broken" : state;
    from = to;
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

/** A field as CSV has it, in quotes where it needs them. */
export function quoteField(field: string, delimiter: string): string {
  const plain = !/["\r\n]/.test(field) && !field.includes(delimiter) && field.trim() === field;
  return plain ? field : quoteAlways(field);
}

export const quoteAlways = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Every column gets a name of its own: an empty one its number, a repeated one a suffix. */
export function nameColumns(header: readonly string[]): string[] {
  const names = new Set<string>();
  const nextOf = new Map<string, number>();
  for (const [index, cell] of header.entries()) {
    const wanted = cell.trim() || `column_${index + 1}`;
    let name = wanted;
    let n = nextOf.get(wanted) ?? 2;
    while (names.has(name)) name = `${wanted}_${n++}`;
    nextOf.set(wanted, n);
    names.add(name);
  }
  return [...names];
}
