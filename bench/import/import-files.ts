import { once } from "node:events";
import { createWriteStream, statSync } from "node:fs";
import { seededRandom } from "../../test/kit/random.ts";

/** A file that was made to be imported. */
export interface MadeFile {
  readonly path: string;
  readonly bytes: number;
  /** Lines of the hostile files, rows of the others. */
  readonly rows: number;
}

const KINDS = ["pothole", "street light", "graffiti", "noise"];
const LINES_A_WRITE = 5_000;

/** A row's values, seeded, within the last month of the time that is given. */
function createRows(nowMs: number) {
  const random = seededRandom(19);
  return (n: number) => ({
    key: n,
    time: new Date(nowMs - Math.floor(random() * 30 * 86_400_000)).toISOString(),
    kind: KINDS[n % KINDS.length] ?? "noise",
    severity: 1 + (n % 5),
    lon: (-74.25 + random() * 0.5).toFixed(6),
    lat: (40.5 + random() * 0.4).toFixed(6),
  });
}

/** A plain CSV file, as a portal gives it. */
export function writeCsv(path: string, rows: number, nowMs: number): Promise<MadeFile> {
  const rowOf = createRows(nowMs);
  return write(path, rows, {
    head: "key,time,category,severity,lon,lat,note\n",
    line: (n) => {
      const { key, time, kind, severity, lon, lat } = rowOf(n);
      return `${key},${time},${kind},${severity},${lon},${lat},"seen, and told"\n`;
    },
  });
}

/** The same as one GeoJSON FeatureCollection without a line end. */
export function writeOneLineGeoJson(path: string, rows: number, nowMs: number): Promise<MadeFile> {
  const rowOf = createRows(nowMs);
  return write(path, rows, {
    head: '{"type":"FeatureCollection","features":[',
    line: (n) => {
      const { lon, lat, kind: category, ...rest } = rowOf(n);
      const geometry = { type: "Point", coordinates: [Number(lon), Number(lat)] };
      return (n > 0 ? "," : "") + JSON.stringify({ type: "Feature", geometry, properties: { ...rest, category } });
    },
    tail: "]}",
  });
}

/** Lines that a reader must not read again and again to find where their quotes close. */
export const HOSTILE: Readonly<Record<string, { readonly ending: "csv" | "geojson"; readonly line: string }>> = {
  'a","': { ending: "csv", line: 'a","\n' },
  '"': { ending: "csv", line: '"\n' },
  "{": { ending: "geojson", line: "{\n" },
  '{"a":"': { ending: "geojson", line: '{"a":"\n' },
};

/** One good row goes before them: files of which nothing can be read are given up early. */
export function writeHostile(path: string, lines: number, kind: (typeof HOSTILE)[string], nowMs: number) {
  const { time, kind: category, severity, lon, lat } = createRows(nowMs)(0);
  const properties = { time, category, severity };
  const feature = { type: "Feature", geometry: { type: "Point", coordinates: [Number(lon), Number(lat)] }, properties };
  const heads = {
    csv: `lon,lat,time,category,severity,note\n${lon},${lat},${time},${category},${severity},\n`,
    geojson: `{"type":"FeatureCollection","features":[\n${JSON.stringify(feature)},\n`,
  };
  return write(path, lines, { head: heads[kind.ending], line: () => kind.line });
}

interface Parts {
  readonly head: string;
  readonly line: (n: number) => string;
  readonly tail?: string;
}

async function write(path: string, rows: number, { head, line, tail = "" }: Parts): Promise<MadeFile> {
  const file = createWriteStream(path);
  file.write(head);
  for (let from = 0; from < rows; from += LINES_A_WRITE) {
    let text = "";
    for (let n = from; n < Math.min(rows, from + LINES_A_WRITE); n++) text += line(n);
    if (!file.write(text)) await once(file, "drain");
  }
  file.end(tail);
  await once(file, "close");
  return { path, bytes: statSync(path).size, rows };
}
