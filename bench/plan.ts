import type { Pool } from "pg";

/** What a plan reads tables by. */
export interface PlanSummary {
  /** Indexes in use, each partition's under the name of its table and columns. */
  readonly indexes: readonly string[];
  /** Tables that hold rows and are read whole. */
  readonly scanned: readonly string[];
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs a statement under EXPLAIN ANALYZE. What was planned but never run is left out, and so is an empty partition. */
export async function explainStatement(pool: Pool, text: string, values: readonly unknown[]): Promise<PlanSummary> {
  const { rows } = await pool.query(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`, [...values]);
  const nodes: PlanNode[] = [];
  const visit = (node: PlanNode) => {
    nodes.push(node);
    for (const child of node.Plans ?? []) visit(child);
  };
  visit(rows[0]["QUERY PLAN"][0].Plan);
  const touched = nodes.filter((node) => (node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0) > 0);
  const names = (of: PlanNode[], name: "Index Name" | "Relation Name") => [
    ...new Set(of.flatMap((node) => node[name] ?? []).map((each) => each.replace(/_(\d{4}_\d\d|other)(?=_|$)/, ""))),
  ];
  return {
    indexes: names(touched, "Index Name"),
    scanned: names(
      touched.filter((node) => node["Node Type"] === "Seq Scan"),
      "Relation Name",
    ),
  };
}
