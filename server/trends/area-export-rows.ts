import { OWN } from "../areas/own-area-id.ts";
import type { CellRun } from "./area.ts";
import {
  AT,
  COUNTED,
  type Column,
  DAY,
  type Dataset,
  type ExportFilter,
  INSTANT,
  inDays,
  inSpan,
  isDate,
  ofScores,
  ofWorth,
  SCORE_EXPRESSIONS,
} from "./export-rows.ts";
import { createValues, type Values } from "./statement.ts";

const ID = /^[a-z0-9-]{1,200}$/;

const AREA: readonly Column[] = [
  { name: "area", type: "text" },
  { name: "name", type: "text" },
  { name: "kind", type: "text" },
  { name: "city", type: "text" },
  { name: "west", type: "degrees" },
  { name: "south", type: "degrees" },
  { name: "east", type: "degrees" },
  { name: "north", type: "degrees" },
];
const KNOWN = "known.name, known.kind, known.city, known.west, known.south, known.east, known.north";

/** Where rows of areas come from: those of cities, or of accounts. */
interface AreaTables {
  readonly known: string;
  readonly scores: string;
  readonly counts: string;
}
const OF_CITIES: AreaTables = { known: "areas", scores: "area_scores", counts: "area_counts" };
const OF_ACCOUNTS: AreaTables = {
  known: `(SELECT *, '${OWN}'::text AS city, '${OWN}'::text AS kind FROM own_areas)`,
  scores: "own_area_scores",
  counts: "own_area_counts",
};

const areaScores = (tables: AreaTables): Dataset => ({
  name: "area-scores",
  columns: [
    ...AREA,
    { name: "calculated_at", type: "instant" },
    ...ofScores,
    ...ofWorth,
    { name: "report_count_7d", type: "count" },
    { name: "report_count_30d", type: "count" },
  ],
  key: ["area", "calculated_at"],
  isKey: ([id = "", at, ...rest]) => ID.test(id) && isDate(at, INSTANT) && rest.length === 0,
  runs: runsOfAreas,
  statement(filter, run, after, limit) {
    const values = createValues();
    const conditions = [...inRun(run, filter, values), ...inSpan(filter, values)];
    if (after !== undefined) {
      const [id, time] = after.map((value) => values.bind(value));
      conditions.push(`(cell.area, cell.calculated_at) > (${id}::text, ${time}::timestamptz)`);
    }
    const text = `
      SELECT cell.area, ${KNOWN}, ${AT} AS calculated_at, ${SCORE_EXPRESSIONS}, cell.report_count_7d, cell.report_count_30d
      FROM ${tables.scores} AS cell JOIN ${tables.known} AS known ON known.id = cell.area WHERE ${conditions.join(" AND ")}
      ORDER BY cell.area, cell.calculated_at LIMIT ${values.bind(limit)}`;
    return { text, values: values.all };
  },
});

/** Scores of areas over time, with their names, in the order of ids: those that are gone from their set are among them. */
export const AREA_SCORES = areaScores(OF_CITIES);
/** The same of areas of accounts. Whoever asks must be told of those that are the asker's alone. */
export const OWN_AREA_SCORES = areaScores(OF_ACCOUNTS);

const areaCounts = (tables: AreaTables): Dataset => ({
  name: "area-counts",
  columns: [...AREA, ...COUNTED],
  key: ["area", "layer", "day"],
  isKey: ([id = "", layer = "", day, ...rest]) =>
    ID.test(id) && /^[a-z]{1,16}$/.test(layer) && isDate(day, DAY) && rest.length === 0,
  runs: runsOfAreas,
  statement(filter, run, after, limit) {
    const values = createValues();
    const conditions = [...inRun(run, filter, values), ...inDays(filter, values)];
    if (after !== undefined) {
      const [id, layer, day] = after.map((value) => values.bind(value));
      conditions.push(`(cell.area, cell.layer, cell.day) > (${id}::text, ${layer}::text, ${day}::date)`);
    }
    const sum = (column: string) => `sum(cell.${column})::integer`;
    const text = `
      SELECT cell.area, ${KNOWN}, cell.layer, cell.day::text AS day,
             ${sum("report_count")} AS report_count, ${sum("severity_sum")} AS severity_sum,
             ${sum("worth_quarters")} / 4.0::float8 AS worth, ${sum("severity_quarters")} / 4.0::float8 AS severity_worth
      FROM ${tables.counts} AS cell JOIN ${tables.known} AS known ON known.id = cell.area WHERE ${conditions.join(" AND ")}
      GROUP BY cell.area, ${KNOWN}, cell.layer, cell.day
      ORDER BY cell.area, cell.layer, cell.day LIMIT ${values.bind(limit)}`;
    return { text, values: values.all };
  },
});

/** Reports of areas by layer and day, by the reports' own places. */
export const AREA_COUNTS = areaCounts(OF_CITIES);
/** The same of areas of accounts, as of their scores. */
export const OWN_AREA_COUNTS = areaCounts(OF_ACCOUNTS);

function runsOfAreas({ areas }: ExportFilter): CellRun[] {
  if (areas === undefined) return [];
  // Ids begin with their city, whose slug may begin another's: the statement asks for the city itself.
  return "id" in areas ? [{ low: areas.id, high: areas.id }] : [{ low: `${areas.city}-`, high: `${areas.city}-~` }];
}

function inRun(run: CellRun, { areas }: ExportFilter, values: Values): string[] {
  const ids = `cell.area BETWEEN ${values.bind(run.low)} AND ${values.bind(run.high)}`;
  return areas !== undefined && "city" in areas ? [ids, `known.city = ${values.bind(areas.city)}`] : [ids];
}
