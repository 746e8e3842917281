import { seededRandom } from "../../random.ts";
import { BOROUGHS, NYC311_ADDED_COLUMN, NYC311_COLUMNS, type Nyc311Column } from "./columns.ts";
import { newYorkTime } from "./local-time.ts";
import { REQUEST_TYPES, type RequestType } from "./requests.ts";

export interface MadeNyc311Options {
  readonly rows: number;
  /** Unix milliseconds of the newest row of the first day's file. */
  readonly endsAtMs: number;
  /** How far back the oldest lies; default 80. */
  readonly days?: number;
  readonly seed?: number;
  /**
   * Tomorrow's download: of all rows in twenty one is closed or its agency says something new, one in 200 has another detail, there
   * are 2% new rows at the top, and a column more.
   */
  readonly isNextDay?: boolean;
}

export interface MadeRow {
  readonly values: Readonly<Record<Nyc311Column, string>>;
  readonly isPlaced: boolean;
  /** Of the next day's file: how it differs from the day before's. "told" changes what a report tells, "untold" only the rest. */
  readonly since: "new" | "same" | "told" | "untold";
}

const DAY_MS = 86_400_000;
const FIRST_KEY = 61_000_000;
const SHARES = { missingPlace: 0.015, midnight: 0.03, closed: 0.7, updated: 0.05, corrected: 0.005, added: 0.02 };
const TOTAL_WEIGHT = REQUEST_TYPES.reduce((sum, { weight }) => sum + weight, 0);

/** Rows of a file like that of New York's 311 requests, the newest first, the same for the same options; none is held. */
export function* madeNyc311(options: MadeNyc311Options): Generator<MadeRow> {
  const { rows, isNextDay = false } = options;
  const added = isNextDay ? Math.ceil(rows * SHARES.added) : 0;
  for (let i = added; i > 0; i--) yield makeRow(options, -i);
  for (let i = 0; i < rows; i++) yield makeRow(options, i);
}

/** @param i from the newest of the first day's file backwards; below 0 of the day after */
function makeRow({ rows, endsAtMs, days = 80, seed = 311, isNextDay = false }: MadeNyc311Options, i: number): MadeRow {
  const random = seededRandom(seed * 1_000_003 + i);
  const step = (days * DAY_MS) / rows;
  const createdMs = i < 0 ? endsAtMs - (i * DAY_MS) / rows / SHARES.added / 2 : endsAtMs - (i + random()) * step;
  const isMidnight = random() < SHARES.midnight;
  const request = pickRequest(random());
  const detail = Math.floor(random() * request.details.length);
  const wasClosed = random() < SHARES.closed;
  const isPlaced = random() >= SHARES.missingPlace;
  const place = placeOf(random, isPlaced);
  const change = random();
  const isTold = isNextDay && i >= 0 && change < SHARES.corrected;
  const isUntold = isNextDay && i >= 0 && !isTold && change < SHARES.updated;
  const isClosed = isUntold ? true : wasClosed;
  const created = newYorkTime(createdMs);
  const closed = isClosed ? newYorkTime(createdMs + DAY_MS * (isUntold ? 2 : 0.4)) : "";
  const values = {
    ...EMPTY,
    ...place,
    "Unique Key": String(FIRST_KEY + rows - i),
    "Created Date": isMidnight ? created.replace(/ .*/, " 12:00:00 AM") : created,
    "Closed Date": closed,
    Agency: request.agency,
    "Agency Name": `Department of ${request.agency}, New York City`,
    "Complaint Type": request.type,
    Descriptor: isTold ? "Corrected by the agency" : (request.details[detail] ?? ""),
    "Location Type": "Street/Sidewalk",
    Status: isClosed ? "Closed" : "In Progress",
    "Resolution Description": isUntold ? `${RESOLUTION} The case was reviewed again.` : isClosed ? RESOLUTION : "",
    "Resolution Action Updated Date": closed,
    "Open Data Channel Type": random() < 0.6 ? "ONLINE" : "PHONE",
  };
  return { values, isPlaced, since: i < 0 ? "new" : isTold ? "told" : isUntold ? "untold" : "same" };
}

const EMPTY = Object.fromEntries(NYC311_COLUMNS.map((column) => [column, ""])) as Record<Nyc311Column, string>;
const RESOLUTION =
  'The Department responded to the complaint, observed no evidence of the violation at that time, and noted "gone on arrival".';

function pickRequest(share: number): RequestType {
  let left = share * TOTAL_WEIGHT;
  const found = REQUEST_TYPES.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return found ?? (REQUEST_TYPES[0] as RequestType);
}

function placeOf(random: () => number, isPlaced: boolean): Partial<Record<Nyc311Column, string>> {
  let left = random();
  const borough = BOROUGHS.find(({ share }) => {
    left -= share;
    return left < 0;
  });
  const name = borough?.name ?? "Unspecified";
  const common = {
    Borough: name,
    "Park Borough": name,
    "Community Board": borough?.board ?? "0 Unspecified",
    "Park Facility Name": "Unspecified",
  };
  // In the middle of a borough more is asked for than at its edges.
  const spread = (): number => random() + random() - 1;
  const [east, north, number] = [spread(), spread(), Math.floor(random() * 900)];
  if (!isPlaced) return { ...common, "Address Type": "" };
  const { lon, lat, reach } = borough ?? { lon: -73.98, lat: 40.75, reach: 0.02 };
  const [longitude, latitude] = [String(lon + east * reach), String(lat + north * reach)];
  return {
    ...common,
    "Incident Zip": String(10_001 + (number % 600)),
    "Incident Address": `${number} EAST ${number % 200} STREET`,
    "Street Name": `EAST ${number % 200} STREET`,
    "Address Type": "ADDRESS",
    City: name,
    BBL: String(2_000_000_000 + number),
    "X Coordinate (State Plane)": String(Math.round(1_000_000 + (lon + 73.96) * 277_000)),
    "Y Coordinate (State Plane)": String(Math.round(200_000 + (lat - 40.7) * 364_000)),
    Latitude: latitude,
    Longitude: longitude,
    Location: `(${latitude}, ${longitude})`,
  };
}

/** The file, line by line, with the ends that the portal gives them. */
export function* madeNyc311Lines(options: MadeNyc311Options): Generator<string> {
  const columns: readonly string[] = options.isNextDay ? [...NYC311_COLUMNS, NYC311_ADDED_COLUMN] : NYC311_COLUMNS;
  yield `${columns.map(quoted).join(",")}\r\n`;
  for (const { values } of madeNyc311(options)) {
    const fields = NYC311_COLUMNS.map((column) => quoted(values[column]));
    yield `${[...fields, ...(options.isNextDay ? ["12"] : [])].join(",")}\r\n`;
  }
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** How many rows of a file are what. */
export function countMadeNyc311(options: MadeNyc311Options): Record<MadeRow["since"] | "rows" | "placed", number> {
  const counts = { rows: 0, placed: 0, new: 0, same: 0, told: 0, untold: 0 };
  for (const { isPlaced, since } of madeNyc311(options)) {
    counts.rows++;
    if (isPlaced) counts.placed++;
    if (isPlaced) counts[since]++;
  }
  return counts;
}
