/** Some rows of a file by which a later version of it is recognised, whatever its name. */
export interface Sketch {
  /** @param digest of a row; equal ones count once */
  add(digest: Buffer): void;
  /** Of the rows with the least digests, in ascending order: each the first 48 bits of its digest. */
  least(): readonly number[];
}

/** Bottom-k: of files that share a part p of their rows about 64 p of these are the same, however long the files are. */
export const SKETCH_ROWS = 64;

/** Few of many rows get past the first comparison: about 64 times the logarithm of their number. */
export function createSketch(): Sketch {
  const least: number[] = [];
  return {
    add(digest) {
      const value = digest.readUIntBE(0, 6);
      if (least.length === SKETCH_ROWS && value >= (least.at(-1) ?? 0)) return;
      const at = least.findIndex((each) => each >= value);
      if (least[at] === value) return;
      least.splice(at === -1 ? least.length : at, 0, value);
      if (least.length > SKETCH_ROWS) least.pop();
    },
    least: () => least,
  };
}
