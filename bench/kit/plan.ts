import type { Pool } from "pg";

/** What a plan reads tables by. */
export interface PlanSummary {
  /** Indexes in use, each partition's under the name of its table and columns. */
  readonly indexes: readonly string[];
  /** Rows read by scans of whole tables; a partition counts as one. */
  readonly rowsScanned: number;
  /** A line a node, indented: what was done, by which index, and how many rows came of it. */
  readonly lines: readonly string[];
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs a statement under EXPLAIN ANALYZE. What was planned but never run is left out, and so is an empty partition. */
export async function explainStatement(pool: Pool, text: string, values: readonly unknown[]): Promise<PlanSummary> {
  const { rows } = await pool.query(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`, [...values]);
  const nodes: PlanNode[] = [];
  const lines: string[] = [];
  const visit = (node: PlanNode, depth = 0) => {
    nodes.push(node);
    if ((node["Actual Loops"] ?? 0) > 0) lines.push("  ".repeat(depth) + lineOf(node));
    for (const child of node.Plans ?? []) visit(child, depth + 1);
  };
  visit(rows[0]["QUERY PLAN"][0].Plan);
  const rowsOf = (node: PlanNode) =>
    ((node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0)) * (node["Actual Loops"] ?? 0);
  const touched = nodes.filter((node) => rowsOf(node) > 0);
  const indexes = touched.flatMap((node) => node["Index Name"] ?? []);
  const isScan = (node: PlanNode) => node["Node Type"] === "Seq Scan" && node["Relation Name"] !== undefined;
  return {
    indexes: [...new Set(indexes.map((each) => each.replace(/_(\d{4}_\d\d|other)(?=_|$)/, "")))],
    rowsScanned: touched.filter(isScan).reduce((sum, node) => sum + rowsOf(node), 0),
    lines,
  };
}

function lineOf(node: PlanNode): string {
  const where = node["Index Name"] ?? node["Relation Name"];
  const rows = Math.round((node["Actual Rows"] ?? 0) * (node["Actual Loops"] ?? 0));
  return `${node["Node Type"]}${where === undefined ? "" : ` ${where}`}, ${rows} rows`;
}
