import type { Clock } from "../../server/ports/clock.ts";
import type { Report } from "../../tiles/report.ts";
import type { Action } from "./actions.ts";
import type { App } from "./app.ts";
import { createEditor } from "./editors.ts";
import type { Machine } from "./host.ts";
import { createImporter } from "./importer.ts";
import { createInsist, type Insist } from "./insist.ts";
import type { Ledger } from "./ledger.ts";
import type { Link } from "./link.ts";
import { createOperator } from "./operator.ts";
import { createReader, type Reader } from "./reader.ts";
import { createReporter } from "./reporters.ts";
import type { Trace } from "./trace.ts";

/** Everybody outside of the service: who reports, edits, imports, reads and operates. */
export interface Clients {
  /** Does an action in the running task, until it is done or given up. */
  act(action: Action): Promise<void>;
  /** Whether open maps of these processes were told of what readers saw change. */
  checkTold(apps: readonly App[]): void;
}

export interface ClientsOptions {
  readonly startMs: number;
  /** True time. */
  readonly clock: Clock;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly link: Link;
  readonly ledger: Ledger;
  readonly trace: Trace;
  /** Nothing fails any more. */
  readonly isQuiet: () => boolean;
  /** Nothing goes wrong in this run, and nothing lags behind. */
  readonly isFaultless: boolean;
  /** Whether a report's row is there, whatever became of it. */
  readonly isStored: (id: string) => boolean;
  /** The id of the stored report with a text, as somebody may see it on the map. */
  readonly idNamed: (text: string) => string | undefined;
  /** Damages something that is derived from reports, and says what. */
  readonly damage: () => string;
}

/** What each kind of client is made of. */
export interface ClientParts extends ClientsOptions {
  readonly insist: Insist;
  readonly reader: Reader;
  machineOf(name: string): Machine;
  /** The reports of an import action. */
  importedBy(action: string): readonly Report[];
}

export function createClients(options: ClientsOptions): Clients {
  const { machines, ledger } = options;
  const insist = createInsist(options);
  const reader = createReader(options);
  const parts: ClientParts = {
    ...options,
    insist,
    reader,
    machineOf(name) {
      const machine = machines.get(name);
      if (machine === undefined) throw new Error(`no machine ${name}`);
      return machine;
    },
    importedBy: (action) => [...ledger.imported.values()].filter(({ by }) => by === action).map(({ report }) => report),
  };
  const { machineOf } = parts;
  const [report, edit, runImport] = [createReporter(parts), createEditor(parts), createImporter(parts)];
  const operate = createOperator(parts);
  return {
    checkTold: reader.told.check,
    async act(action) {
      if (action.kind === "report") return report(action);
      if (action.kind === "edit") return edit(action);
      if (action.kind === "import") return runImport(action);
      if (action.kind === "read") return void (await insist(1, () => reader.read(action, machineOf(action.host))));
      if (action.kind === "list") return void (await insist(1, () => reader.list(action, machineOf(action.host))));
      return operate(action);
    },
  };
}
