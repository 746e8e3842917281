/**
 * The rules of a value map with those of a profile behind them. Those that the operator gave win by name; theirs for every other
 * value, `*`, stands in for the profile's. Only the operator's are listed: whoever counts rules that met nothing must not be told of the profile's.
 */
export function createRuleMap(
  given: ReadonlyMap<string, string>,
  find: (value: string) => string | undefined,
): ReadonlyMap<string, string> {
  return new RuleMap(given, find);
}

const EVERY_OTHER = "*";

class RuleMap extends Map<string, string> {
  readonly #find: (value: string) => string | undefined;

  constructor(given: ReadonlyMap<string, string>, find: (value: string) => string | undefined) {
    super();
    this.#find = find;
    for (const [from, to] of given) super.set(from, to);
  }

  override get(value: string): string | undefined {
    if (super.has(value) || value === EVERY_OTHER || super.has(EVERY_OTHER)) return super.get(value);
    return this.#find(value);
  }

  override has(value: string): boolean {
    return this.get(value) !== undefined;
  }
}
