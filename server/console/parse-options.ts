import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { OperatorError } from "./operator-error.ts";

/** A command's arguments, by the options that it has. @throws OperatorError that names the wrong one and lists the options */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  return parse(args, options, true);
}

/** As `parseOptions`, of a command that takes no other words. @throws OperatorError also on a word that is no option */
export function parseOnlyOptions<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  return parse(args, options, false).values;
}

/** Of a command that takes no arguments: seeding all when one city was asked for would surprise. @throws OperatorError on any */
export const refuseArguments = (args: readonly string[]): void => void parseOnlyOptions(args, {});

function parse<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  allowPositionals: boolean,
) {
  try {
    return parseArgs({ args: withNegatives(args, options), options, allowPositionals });
  } catch (error) {
    const what = error instanceof Error ? error.message.split(/\. |\n/, 1)[0] : String(error);
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new OperatorError(
      `${what}. ${names.length === 0 ? "There are no options" : `The options are: ${names.join(" ")}`}.`,
    );
  }
}

/** `--bbox -74,40,-73,41` is a value that begins with a minus: Node takes it for an option that was left without one. */
function withNegatives(args: readonly string[], options: ParseArgsOptionsConfig): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1) ?? "";
    const isValue = /^-[\d.]/.test(arg) && before.startsWith("--") && options[before.slice(2)]?.type === "string";
    if (isValue) joined[joined.length - 1] = `${before}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}
