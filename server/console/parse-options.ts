import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { OperatorError } from "./operator-error.ts";

/** A command's arguments, by the options that it has. @throws OperatorError that names the wrong one and lists the options */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const what = error instanceof Error ? error.message.split(/\. |\n/, 1)[0] : String(error);
    throw new OperatorError(
      `${what}. The options are: ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(" ")}.`,
    );
  }
}
