import { basename } from "node:path";
import { REPORT_LAYERS, type ReportLayer } from "../../../tiles/layers.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import type { Mapping } from "../fields/mapping.ts";
import { patiently } from "./patiently.ts";
import { listRuns } from "./run-items.ts";

export interface FormerLayersOptions {
  readonly path: string;
  readonly mapping: Mapping;
  readonly derived: Pick<DerivedStore, "list">;
  readonly dryRun?: boolean | undefined;
  /** First wait when the store is unavailable. */
  readonly retryMs?: number | undefined;
}

/**
 * Layers in which rows may be there already: ids have the layer in them, but another `--layer =VALUE` makes no new reports of rows. Only
 * a file of a name that was imported before is asked for in all of them, which costs a look-up more of each row and layer.
 * @throws StoreUnavailableError
 */
export async function findFormerLayers(options: FormerLayersOptions): Promise<readonly ReportLayer[]> {
  const { path, mapping, derived, dryRun, retryMs } = options;
  const { layer } = mapping.sources;
  if (dryRun || mapping.id !== undefined || layer === undefined || !("constant" in layer)) return [];
  const runs = await patiently(() => listRuns(derived), retryMs);
  const isKnown = runs.some(({ run }) => run.file === basename(path) && run.state !== "undone");
  return isKnown ? REPORT_LAYERS : [];
}
