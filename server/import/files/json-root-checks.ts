import { OperatorError } from "../../console/operator-error.ts";
import { isObject } from "../../kit/is-object.ts";
import { describeForeignCrs, describeForeignReference } from "./crs.ts";
import type { RootScanner } from "./json-root.ts";
import { REJECT_ROW } from "./row.ts";

/** Refuses a file by what stands before its rows. @param depth objects and arrays that are open @throws OperatorError */
export function checkBeforeRows(text: Buffer, depth: number): void {
  checkMembers(`${text.toString("utf8")}]${"}".repeat(Math.max(0, depth - 1))}`);
}

/** Refuses a file by what stands behind its rows. @param depth of objects that are open @throws OperatorError */
export function checkBehindRows(text: Buffer, depth: number): void {
  checkMembers(`${'{"":'.repeat(depth)}[]${text.toString("utf8")}`);
}

/** @throws OperatorError when the places of the file are in another system, or it is of a kind that has no rows */
function checkMembers(text: string): void {
  checkRoot(parseObject(text));
}

/** The object, or an empty one for what is none. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function checkRoot(root: Readonly<Record<string, unknown>>): void {
  const foreign = describeForeignCrs(root.crs) ?? describeForeignReference(root);
  if (foreign !== undefined) throw new OperatorError(`The file ${foreign}.`);
  if (root.type === "Topology") {
    throw new OperatorError("The file is TopoJSON: make GeoJSON of it, for instance with ogr2ogr.");
  }
}

/** Refuses a file as soon as its members tell that it is Socrata's own form, whose rows have no names. @throws OperatorError */
export function checkSocrata({ has, tables }: RootScanner): void {
  if (has("meta") && tables.includes("data")) throw new OperatorError(SOCRATA);
}

/**
 * Refuses a file of one object that is no row but has rows in a member that was not named.
 * @param arrays names of its members that are arrays of objects
 * @throws OperatorError
 */
export function checkLoneObject(text: Buffer, arrays: readonly string[], rowsIn: string | undefined): void {
  const members = parseObject(text.toString("utf8"));
  checkRoot(members);
  if (REJECT_ROW in members || (rowsIn === undefined && members.type === "Feature")) return;
  if (rowsIn === undefined && arrays.length === 0) return;
  const wanted = rowsIn === undefined ? "array of features" : `array ${JSON.stringify(rowsIn)}`;
  const there = arrays.map((name) => `--rows-in ${name}`).join(" or ");
  throw new OperatorError(
    `There is no ${wanted} in the file${there === "" ? "" : `: where its rows are elsewhere, say ${there}`}.`,
  );
}

const SOCRATA =
  'The file is Socrata\'s rows.json, which has values without names ("meta" and "data"): download it as CSV or GeoJSON.';
