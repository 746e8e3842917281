/** A vector of R as values, its names and levels among the attributes; a pairlist has its tags for names. */
export interface RVector {
  readonly values: readonly RValue[];
  readonly attributes: ReadonlyMap<string, RValue>;
}

/** `undefined` is R's NULL, and NA in a character vector; NA in a vector of numbers is NaN. */
export type RValue = RVector | string | number | undefined;

export type Column = readonly (string | number | undefined)[];

const MAGIC = "RDX2\nX\n";
const FORMAT_VERSION = 2;

/** Kinds of items, "R Internals", section 1.8, "Serialization Formats". */
const SYMBOL = 1;
const PAIRLIST = 2;
const CHARACTERS = 9;
const LOGICAL = 10;
const INTEGER = 13;
const REAL = 14;
const STRING = 16;
const LIST = 19;
const NULL = 254;
const REFERENCE = 255;
const NA_INTEGER = -(2 ** 31);

/**
 * The columns of the data frame that an uncompressed `.rda` file holds under a name; a factor's as its labels.
 * @throws RangeError when the file is of another format, or holds no such data frame
 */
export function readDataFrame(file: Buffer, name: string): ReadonlyMap<string, Column> {
  const saved = readSaved(file);
  const names = namesOf(saved);
  const frame = saved.values[names.indexOf(name)];
  if (!isVector(frame)) throw new RangeError(`no data frame ${name} among ${names.join(", ")}`);
  const columns = namesOf(frame);
  return new Map(columns.map((column, i) => [column, columnOf(frame.values[i])]));
}

function columnOf(value: RValue): Column {
  if (!isVector(value)) throw new RangeError("a column is no vector");
  const levels = value.attributes.get("levels");
  const plain = value.values.filter((each) => !isVector(each)) as Column;
  if (plain.length < value.values.length) throw new RangeError("a column holds vectors");
  if (!isVector(levels)) return plain;
  const labels = columnOf(levels);
  return plain.map((code) => (typeof code === "number" ? labels[code - 1] : undefined));
}

const isVector = (value: RValue): value is RVector => typeof value === "object";

function namesOf({ attributes }: RVector): string[] {
  const names = attributes.get("names");
  return isVector(names) ? names.values.map(String) : [];
}

/** What the file holds, by name. */
function readSaved(file: Buffer): RVector {
  if (file.toString("latin1", 0, MAGIC.length) !== MAGIC) throw new RangeError("not a file of R's format RDX2");
  const references: RValue[] = [];
  let at = MAGIC.length;

  function readInteger(): number {
    at += 4;
    return file.readInt32BE(at - 4);
  }

  function readReal(): number {
    at += 8;
    return file.readDoubleBE(at - 8);
  }

  function readMany<T>(readOne: () => T): T[] {
    return Array.from({ length: readInteger() }, readOne);
  }

  function readCharacters(): string | undefined {
    const length = readInteger();
    if (length < 0) return undefined;
    at += length;
    return file.toString("utf8", at - length, at);
  }

  function readWhole(): number {
    const value = readInteger();
    return value === NA_INTEGER ? Number.NaN : value;
  }

  function readItem(): RValue {
    const flags = readInteger();
    const kind = flags & 0xff;
    if (kind === NULL) return undefined;
    if (kind === REFERENCE) return references[(flags >> 8) - 1];
    if (kind === CHARACTERS) return readCharacters();
    if (kind === SYMBOL) {
      const symbol = readItem();
      references.push(symbol);
      return symbol;
    }
    const hasAttributes = (flags & 0x200) !== 0;
    if (kind === PAIRLIST) return readPairs(flags);
    const values = readVector(kind);
    return { values, attributes: hasAttributes ? attributesOf(readItem()) : new Map() };
  }

  function readVector(kind: number): RValue[] {
    if (kind === LOGICAL || kind === INTEGER) return readMany(readWhole);
    if (kind === REAL) return readMany(readReal);
    if (kind === STRING || kind === LIST) return readMany(readItem);
    throw new RangeError(`byte ${at} begins an item of a kind that is not read here: ${kind}`);
  }

  /** A linked list, told one pair after the other. */
  function readPairs(firstFlags: number): RVector {
    const values: RValue[] = [];
    const tags: RValue[] = [];
    for (let flags = firstFlags; (flags & 0xff) === PAIRLIST; flags = readInteger()) {
      if ((flags & 0x200) !== 0) readItem();
      tags.push((flags & 0x400) === 0 ? undefined : readItem());
      values.push(readItem());
    }
    return { values, attributes: new Map([["names", { values: tags, attributes: new Map() }]]) };
  }

  const version = readInteger();
  if (version !== FORMAT_VERSION) throw new RangeError(`version ${version} of R's format is not read here`);
  // By which version of R it was written, and which can read it.
  at += 8;
  const saved = readItem();
  if (!isVector(saved)) throw new RangeError("the file holds nothing");
  return saved;
}

function attributesOf(pairs: RValue): ReadonlyMap<string, RValue> {
  if (!isVector(pairs)) return new Map();
  return new Map(namesOf(pairs).map((name, i) => [name, pairs.values[i]]));
}
