import { isSeparator } from "./json-scan.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const LONGEST_KEY = 256;
const MOST_NAMED = 8;

export interface FoundInRoot {
  /** Rows begin, in an array or, after a bracket that was too many, again; or the root object ended, without any or behind them. */
  readonly what: "rows" | "rows-again" | "end";
  /** Index behind the bracket or brace; of "rows-again" that of the first row. */
  readonly at: number;
}

export interface RootScanner {
  /** The next thing among these bytes, if any. Each byte is to be given once. */
  find(bytes: Buffer, from: number): FoundInRoot | undefined;
  /** Tells that the array found last was closed. */
  leave(): void;
  /** Objects and arrays that are open, with the array found last. */
  readonly depth: number;
  /** Names of arrays of objects that were passed, as `--rows-in` takes them. */
  readonly arrays: readonly string[];
  /** Names of arrays of arrays that were passed. */
  readonly tables: readonly string[];
  /** The root object has a member of this name, as far as it was passed. */
  has(name: string): boolean;
}

/** Scans a JSON text for the array of rows: the root itself, or the member with this name or path of names with dots. */
export function createRootScanner(rowsIn: string): RootScanner {
  const wanted = latin1(rowsIn);
  let depth = 0;
  let inString = false;
  let escaped = false;
  let text = "";
  /** The names that are open, by their depth. */
  let keys: string[] = [];
  let justLeft = false;
  let passedArray: string | undefined;
  const arrays: string[] = [];
  const tables: string[] = [];
  const members = new Set<string>();

  function passString(byte: number): void {
    if (escaped) escaped = false;
    else if (byte === BACKSLASH) escaped = true;
    else if (byte === QUOTE) inString = false;
    else if (text.length < LONGEST_KEY) text += String.fromCharCode(byte);
  }

  const pathHere = (): string => keys.slice(1, depth + 1).join(".");

  function pass(byte: number): void {
    if (byte === QUOTE) {
      inString = true;
      text = "";
    } else if (byte === COLON) {
      nameHere(text);
      if (depth === 1 && members.size < LONGEST_KEY) members.add(text);
    } else if (byte === COMMA) nameHere("");
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      if (byte === OPEN_BRACKET && (depth === 1 || depth === 2)) passedArray = pathHere();
      depth++;
      nameHere("");
    }
  }

  function nameHere(name: string): void {
    if (depth < MOST_NAMED) keys[depth] = name;
  }

  /** Takes note of an array that was passed when it has an object first. */
  function noteArray(byte: number): void {
    if (isSeparator(byte)) return;
    const name = passedArray ?? "";
    passedArray = undefined;
    const into = byte === OPEN_BRACE ? arrays : byte === OPEN_BRACKET ? tables : [];
    const shown = Buffer.from(name, "latin1").toString("utf8");
    if (name !== "" && into.length < MOST_NAMED && !into.includes(shown)) into.push(shown);
  }

  function isWanted(): boolean {
    return depth === 0 || (depth < MOST_NAMED && keys[depth] !== "" && pathHere() === wanted);
  }

  return {
    arrays,
    tables,
    has: (name) => members.has(name),
    get depth() {
      return depth;
    },
    find(bytes, from) {
      for (let i = from; i < bytes.length; i++) {
        const byte = bytes[i] ?? 0;
        if (inString) {
          passString(byte);
          continue;
        }
        if (justLeft && !isSeparator(byte)) {
          justLeft = false;
          // Only a stray bracket can have ended an array that goes on with an object.
          if (byte === OPEN_BRACE && depth > 0) {
            depth++;
            return { what: "rows-again", at: i };
          }
        }
        if (passedArray !== undefined) noteArray(byte);
        if (byte === OPEN_BRACKET && isWanted()) {
          depth++;
          return { what: "rows", at: i + 1 };
        }
        if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && depth > 0) {
          depth--;
          if (depth === 0) {
            keys = [];
            return { what: "end", at: i + 1 };
          }
        } else pass(byte);
      }
      return undefined;
    },
    leave() {
      depth = Math.max(0, depth - 1);
      justLeft = true;
      nameHere("");
    },
  };
}

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");
