import { printable } from "./printable.ts";

/**
 * Something that whoever runs the process can put right: a setting, a port, a directory. The message is one sentence that
 * says what is wrong and what to do; entry points print it without a stack and exit with code 1.
 */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

/** Ends the process with code 1: an operator's sentence on its own, anything else with its stack, for it is our bug. */
export function exitOnError(error: unknown): never {
  const text =
    error instanceof OperatorError ? printable(error.message) : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** What `read` returns; ends the process as `exitOnError` when it throws. */
export function orExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return exitOnError(error);
  }
}

/** Node's error code (`ENOENT`, `ECONNREFUSED`, …) or PostgreSQL's SQLSTATE, when an error carries one. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
