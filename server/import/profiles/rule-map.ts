const EVERY_OTHER = "*";

/** Rules of a profile for one field. */
export interface ProfileRules {
  /** What a value becomes that the profile knows, by name or by a word; `undefined` where it knows none. */
  find(value: string): string | undefined;
  /** What every other value becomes; `undefined`: it stays. */
  readonly otherwise?: string | undefined;
}

/**
 * The rules of a value map with those of a profile behind them: values that the operator named, then those that the profile knows,
 * then the operator's ranges and `*`, then the profile's. Only the operator's are listed: whoever tells of rules that met nothing must
 * not tell of a profile's, which knows all that its source ever had.
 */
export function createRuleMap(given: ReadonlyMap<string, string>, rules: ProfileRules): ReadonlyMap<string, string> {
  return new RuleMap(given, rules);
}

class RuleMap extends Map<string, string> {
  readonly #rules: ProfileRules;

  constructor(given: ReadonlyMap<string, string>, rules: ProfileRules) {
    super();
    this.#rules = rules;
    for (const [from, to] of given) super.set(from, to);
  }

  /** Never none, though no rule may be listed. */
  override get size(): number {
    return super.size + 1;
  }

  override get(value: string): string | undefined {
    if (super.has(value)) return super.get(value);
    return value === EVERY_OTHER ? this.#rules.otherwise : this.#rules.find(value);
  }

  override has(value: string): boolean {
    return this.get(value) !== undefined;
  }
}
