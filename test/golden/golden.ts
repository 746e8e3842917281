import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { checksum } from "../../tiles/codec/bytes.ts";
import { FULL_QUARTERS } from "../../tiles/report-columns.ts";

/**
 * Golden files pin what outlives a process: each has samples of one kind and version, as they are stored and as they are read. What
 * stands in one is never changed: who changes a format gives it a new version, and with it a new file, and leaves the old one for the
 * test that old items are refused or read; docs/formats.md says how. `GOLDEN=write` adds files and samples that are not there yet.
 */
export interface Sample {
  readonly sample: string;
  /** As a program writes it today: bytes, a text, or what is stored as JSON. */
  write(): Stored | Promise<Stored>;
  /** Reads what is stored. */
  read(stored: Kept): unknown;
}

type Stored = Uint8Array | string | object;
// biome-ignore lint/suspicious/noExplicitAny: each sample knows what it has stored.
type Kept = any;

interface GoldenSample {
  readonly sample: string;
  /** Text and JSON as they are, a binary item in hexadecimal. */
  readonly stored: unknown;
  /** Left out of a version that is refused. */
  readonly reads?: unknown;
}

export const DATA = new URL("./data/", import.meta.url);
/** Files of binary items; the others have texts, and JSON in which bytes are `{ hex }`. */
export const ITEMS_FILE = /^(.+)-v(\d+)$/;
const CHANGED = "a stored format has changed: docs/formats.md says what that takes";

function readFile(file: string): GoldenSample[] {
  const url = new URL(`${file}.json`, DATA);
  return existsSync(url) ? (JSON.parse(readFileSync(url, "utf8")) as GoldenSample[]) : [];
}

/** What a file of binary items has. */
export const goldenItems = (file: string): { sample: string; body: Uint8Array }[] =>
  readFile(file).map(({ sample, stored }) => ({ sample, body: bytesOf(stored as string) }));

/** Tests that samples are written as their golden file has them, and that what stands there is read as it was then. */
export function itKeeps(file: string, samples: readonly Sample[]): void {
  let golden = readFile(file);
  const goldenOf = (sample: string): GoldenSample | undefined => golden.find((each) => each.sample === sample);

  beforeAll(async () => {
    const missing = samples.filter(({ sample }) => goldenOf(sample) === undefined);
    if (process.env.GOLDEN !== "write" || missing.length === 0) return;
    const made = await Promise.all(missing.map((each) => goldenSample(file, each)));
    golden = [...golden, ...made];
    writeFileSync(new URL(`${file}.json`, DATA), `${JSON.stringify(golden, null, 1)}\n`);
  });

  it(`${file}: has every sample, and no other`, () => {
    expect(golden.map(({ sample }) => sample).sort(), CHANGED).toEqual(samples.map(({ sample }) => sample).sort());
  });

  it.each(samples)(`${file}: $sample is written as ever`, async ({ sample, write }) => {
    expect(kept(await write()), CHANGED).toEqual(goldenOf(sample)?.stored);
  });

  it.each(samples)(`${file}: $sample is read as ever`, async ({ sample, read }) => {
    expect(plain(await read(storedOf(file, goldenOf(sample)?.stored))), CHANGED).toEqual(goldenOf(sample)?.reads);
  });
}

async function goldenSample(file: string, { sample, write, read }: Sample): Promise<GoldenSample> {
  const stored = kept(await write());
  return { sample, stored, reads: plain(await read(storedOf(file, stored))) };
}

/**
 * Tests that a stored item of an older or a newer version is refused, whatever else is right about it.
 * @param read reads the version of the file, and as many before it
 */
export function itRefusesOtherVersions(file: string, read: (body: Uint8Array) => unknown, before = 0): void {
  const [{ body } = { body: new Uint8Array() }] = goldenItems(file);
  it.each([-1 - before, 1])(`${file}: another version (%i) is refused`, (step) => {
    expect(() => read(withVersion(body, (body[1] ?? 0) + step))).toThrow(/format version \d+, this program reads \d+/);
    expect(() => read(withVersion(body, body[1] ?? 0))).not.toThrow();
  });
}

/** Tests that what an older program wrote is read as it was then. */
export function itReads(file: string, read: (stored: Kept, sample: string) => unknown): void {
  const items = readFile(file);
  it.each(items)(`${file}: $sample is read`, async ({ sample, stored, reads }) => {
    expect(plain(await read(storedOf(file, stored), sample)), CHANGED).toEqual(reads);
  });
}

/** Tests that an item that tells of optional columns which this program does not know is refused; `at` is where it tells so. */
export function itRefusesUnknownColumns(file: string, read: (body: Uint8Array) => unknown, at: number): void {
  const [{ body } = { body: new Uint8Array() }] = goldenItems(file);
  it.each([4, 16, 128])(`${file}: optional columns %i are refused`, (present) => {
    const changed = body.slice();
    expect(changed[at]).toBe(0);
    changed[at] = present;
    expect(() => read(withVersion(changed, body[1] ?? 0))).toThrow("are not known");
  });
}

/** Tests that items that an older program wrote are refused, and not misread. */
export function itRefuses(file: string, read: (body: Uint8Array) => unknown): void {
  it.each(goldenItems(file))(`${file}: $sample is refused`, ({ body }) => {
    expect(() => read(body)).toThrow(/: (?:format version \d+, this program reads \d+|not of kind)/);
  });
}

/** The item with a version, and a checksum that is right for it. */
export function withVersion(body: Uint8Array, version: number): Uint8Array {
  const changed = body.slice();
  changed[1] = version;
  const sum = checksum(changed, changed.length - 4);
  for (let i = 0; i < 4; i++) changed[changed.length - 4 + i] = (sum >>> (8 * i)) & 255;
  return changed;
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** As it stands in a golden file. */
function kept(stored: Stored): unknown {
  if (stored instanceof Uint8Array) return hexOf(stored);
  if (typeof stored === "string") return stored;
  return JSON.parse(JSON.stringify(plainBytes(stored)));
}

/** Before `JSON.stringify`, which asks a Buffer for its own form first. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: hexOf(value) };
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plainBytes(each)]));
}

/** As it was stored. */
function storedOf(file: string, golden: unknown): Kept {
  return ITEMS_FILE.test(file) ? bytesOf(golden as string) : withBytes(golden);
}

function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== "object" || value === null) return value;
  if ("hex" in value) return bytesOf(value.hex as string);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withBytes(each)]));
}

/** Arrays for typed arrays and maps, text for numbers that JSON lacks. */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)].map(plain);
  if (value instanceof Map) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) =>
      typeof each === "function" || saysNothing(name, each) ? [] : [[name, plain(each)]],
    ),
  );
}

/** Optional columns that are not stored: files of before have none. */
function saysNothing(name: string, value: unknown): boolean {
  if (name === "lacking") return value === undefined;
  const usual = { reporter: 0, quarters: FULL_QUARTERS }[name];
  return value instanceof Uint8Array && usual !== undefined && value.every((each) => each === usual);
}
