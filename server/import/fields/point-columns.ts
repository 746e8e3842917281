import type { Row } from "../files/row.ts";

export interface PointColumns {
  /** The text of a row's point as `readPoint` takes it, trimmed; "" where it has none. */
  read(row: Row): string;
  isMissing(): boolean;
}

const PAIRS = [
  ["latitude", "longitude"],
  ["lat", "lon"],
  ["lat", "lng"],
  ["y", "x"],
] as const;

/** Every column that may hold a part of a point of that name. */
export const pointColumnNames = (name: string): string[] => [
  name,
  ...["coordinates", ...PAIRS.flat()].map((part) => `${name}.${part}`),
];

/**
 * The columns that hold a point: the one of that name, or those that an object of that name became when a JSON file was read:
 * `NAME.coordinates`, `NAME.latitude` and `NAME.longitude`. A file may have several of these, each row one. The list of columns may grow.
 */
export function createPointColumns(name: string, columns: readonly string[]): PointColumns {
  let known = -1;
  let [whole, coordinates] = [-1, -1];
  let pairs: readonly (readonly [number, number])[] = [];

  function locate(): void {
    known = columns.length;
    whole = columns.indexOf(name);
    coordinates = columns.indexOf(`${name}.coordinates`);
    pairs = PAIRS.map(
      ([lat, lon]) => [columns.indexOf(`${name}.${lat}`), columns.indexOf(`${name}.${lon}`)] as const,
    ).filter((indexes) => !indexes.includes(-1));
  }

  return {
    read({ values }) {
      if (known !== columns.length) locate();
      const text = values[whole]?.trim() || values[coordinates]?.trim();
      if (text) return text;
      for (const [latIndex, lonIndex] of pairs) {
        const [latitude, longitude] = [values[latIndex]?.trim(), values[lonIndex]?.trim()];
        if (latitude || longitude) return JSON.stringify({ latitude, longitude });
      }
      return "";
    },
    isMissing() {
      if (known !== columns.length) locate();
      return whole < 0 && coordinates < 0 && pairs.length === 0;
    },
  };
}
