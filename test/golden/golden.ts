import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { checksum } from "../../tiles/codec/bytes.ts";

/**
 * Golden files pin what outlives a process: each has samples of one kind and version, as they are stored and as they are read. A file
 * is never changed: who changes a format gives it a new version, and with it a new file, and leaves the old one for the test that old
 * items are refused or read. `GOLDEN=write` makes files that are not there yet.
 */
export interface Sample<T> {
  readonly sample: string;
  /** As a program writes it today. */
  write(): Uint8Array | string;
  /** Reads what is stored. */
  read(stored: Uint8Array & string): T;
}

interface GoldenSample {
  readonly sample: string;
  /** Bytes in hexadecimal, or text as it is. */
  readonly stored: string;
  readonly reads: unknown;
}

const DATA = new URL("./data/", import.meta.url);

/** Tests that samples are written as their golden file has them, and that what stands there is read as it was then. */
export function itKeeps<T>(file: string, samples: readonly Sample<T>[]): void {
  const url = new URL(`${file}.json`, DATA);
  if (!existsSync(url) && process.env.GOLDEN === "write") {
    const made = samples.map(({ sample, write, read }): GoldenSample => {
      const stored = write();
      return { sample, stored: textOf(stored), reads: plain(read(stored as Uint8Array & string)) };
    });
    writeFileSync(url, `${JSON.stringify(made, null, 1)}\n`);
  }
  const golden = JSON.parse(readFileSync(url, "utf8")) as GoldenSample[];

  it(`${file}: has every sample`, () => {
    expect(samples.map(({ sample }) => sample)).toEqual(golden.map(({ sample }) => sample));
  });

  it.each(samples)(`${file}: $sample is written as ever`, ({ sample, write }) => {
    expect(textOf(write())).toBe(golden.find((each) => each.sample === sample)?.stored);
  });

  it.each(samples)(`${file}: $sample is read as ever`, ({ sample, write, read }) => {
    const { stored = "", reads } = golden.find((each) => each.sample === sample) ?? {};
    const isText = typeof write() === "string";
    expect(plain(read((isText ? stored : bytesOf(stored)) as Uint8Array & string))).toEqual(reads);
  });
}

/** Tests that a stored item of an older or a newer version is refused, whatever else is right about it. */
export function itRefusesOtherVersions<T>(file: string, read: (body: Uint8Array) => T): void {
  const [{ stored } = { stored: "" }] = JSON.parse(
    readFileSync(new URL(`${file}.json`, DATA), "utf8"),
  ) as GoldenSample[];
  const body = bytesOf(stored);
  it.each([-1, 1])(`${file}: another version (%i) is refused`, (step) => {
    expect(() => read(withVersion(body, (body[1] ?? 0) + step))).toThrow(/format version \d+, this program reads \d+/);
    expect(() => read(withVersion(body, body[1] ?? 0))).not.toThrow();
  });
}

/** The item with a checksum that is right for its version. */
function withVersion(body: Uint8Array, version: number): Uint8Array {
  const changed = body.slice();
  changed[1] = version;
  const sum = checksum(changed, changed.length - 4);
  for (let i = 0; i < 4; i++) changed[changed.length - 4 + i] = (sum >>> (8 * i)) & 255;
  return changed;
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

const textOf = (stored: Uint8Array | string): string =>
  typeof stored === "string" ? stored : Buffer.from(stored).toString("hex");

/** Arrays for typed arrays and maps, text for numbers that JSON lacks. */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)].map(plain);
  if (value instanceof Map) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => (typeof each === "function" ? [] : [[name, plain(each)]])),
  );
}
