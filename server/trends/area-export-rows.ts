import { AT, type Dataset, INSTANT, inSpan, isDate, ofScores, ofWorth, SCORE_EXPRESSIONS } from "./export-rows.ts";
import { createValues } from "./statement.ts";

const ID = /^[a-z0-9-]{1,200}$/;

/** Scores of areas over time, with their names, in the order of ids: those that are gone from their set are among them. */
export const AREA_SCORES: Dataset = {
  name: "area-scores",
  columns: [
    { name: "area", type: "text" },
    { name: "name", type: "text" },
    { name: "kind", type: "text" },
    { name: "city", type: "text" },
    { name: "west", type: "degrees" },
    { name: "south", type: "degrees" },
    { name: "east", type: "degrees" },
    { name: "north", type: "degrees" },
    { name: "calculated_at", type: "instant" },
    ...ofScores,
    ...ofWorth,
    { name: "report_count_7d", type: "count" },
    { name: "report_count_30d", type: "count" },
  ],
  key: ["area", "calculated_at"],
  isKey: ([id = "", at, ...rest]) => ID.test(id) && isDate(at, INSTANT) && rest.length === 0,
  runs({ areas }) {
    if (areas === undefined) return [];
    // Ids begin with their city, whose slug may begin another's: the statement asks for the city itself.
    return "id" in areas ? [{ low: areas.id, high: areas.id }] : [{ low: `${areas.city}-`, high: `${areas.city}-~` }];
  },
  statement(filter, run, after, limit) {
    const values = createValues();
    const conditions = [
      `cell.area BETWEEN ${values.bind(run.low)} AND ${values.bind(run.high)}`,
      ...(filter.areas !== undefined && "city" in filter.areas
        ? [`known.city = ${values.bind(filter.areas.city)}`]
        : []),
      ...inSpan(filter, values),
    ];
    if (after !== undefined) {
      const [id, time] = after.map((value) => values.bind(value));
      conditions.push(`(cell.area, cell.calculated_at) > (${id}::text, ${time}::timestamptz)`);
    }
    const text = `
      SELECT cell.area, known.name, known.kind, known.city, known.west, known.south, known.east, known.north,
             ${AT} AS calculated_at, ${SCORE_EXPRESSIONS}, cell.report_count_7d, cell.report_count_30d
      FROM area_scores AS cell JOIN areas AS known ON known.id = cell.area WHERE ${conditions.join(" AND ")}
      ORDER BY cell.area, cell.calculated_at LIMIT ${values.bind(limit)}`;
    return { text, values: values.all };
  },
};
