import { OperatorError } from "../console/operator-error.ts";

/** What is asked of the runs that are kept: their list, or to take one back. */
export interface RunsCommand {
  readonly runs: "list" | { readonly undo: string };
}

interface RunsValues {
  readonly runs?: boolean | undefined;
  readonly undo?: string | undefined;
}

/** @throws OperatorError on anything else beside it */
export function parseRunsCommand(values: RunsValues, positionals: readonly string[]): RunsCommand | undefined {
  const { runs, undo } = values;
  if (runs === undefined && undo === undefined) return undefined;
  const name = undo === undefined ? "--runs" : "--undo RUN";
  if (positionals.length > 0 || Object.values(values).filter((value) => value !== undefined).length > 1) {
    throw new OperatorError(`${name} goes alone, without a file or other options.`);
  }
  if (undo === undefined) return { runs: "list" };
  if (!/^[\w.-]{1,64}$/.test(undo)) throw new OperatorError(`--undo ${undo} is no run's id: --runs lists them.`);
  return { runs: { undo } };
}
