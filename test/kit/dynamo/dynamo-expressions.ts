/** DynamoDB's expressions as far as a store writes them; any other form is an error, so that none is silently wrong. */

export type Values = Readonly<Record<string, unknown>>;
export type Names = Readonly<Record<string, string>>;
type Attributes = Readonly<Record<string, unknown>>;

const AFTER_ALL = "\uffff";

/** Partition and inclusive sort key span of a key condition. */
export function keySpan(expression: string, values: Values): { pk: string; from: string; to: string } {
  const text = (name: string | undefined): string => String(values[name ?? ""]);
  const [, pk, , rest] = /^pk = (:\w+)( AND (.+))?$/.exec(expression) ?? [];
  if (pk === undefined) throw new Error(`unknown key condition: ${expression}`);
  if (rest === undefined) return { pk: text(pk), from: "", to: AFTER_ALL };
  const between = /^sk BETWEEN (:\w+) AND (:\w+)$/.exec(rest);
  if (between !== null) return { pk: text(pk), from: text(between[1]), to: text(between[2]) };
  const prefix = /^begins_with\(sk, (:\w+)\)$/.exec(rest);
  if (prefix !== null) return { pk: text(pk), from: text(prefix[1]), to: text(prefix[1]) + AFTER_ALL };
  const [, operator, value] = /^sk (>=|>|<=|=) (:\w+)$/.exec(rest) ?? [];
  if (operator === ">=") return { pk: text(pk), from: text(value), to: AFTER_ALL };
  if (operator === ">") return { pk: text(pk), from: `${text(value)}\u0000`, to: AFTER_ALL };
  if (operator === "<=") return { pk: text(pk), from: "", to: text(value) };
  if (operator === "=") return { pk: text(pk), from: text(value), to: text(value) };
  throw new Error(`unknown key condition: ${expression}`);
}

/** Whether a condition or a filter holds for the item that is there. */
export function holds(expression: string, values: Values, item: Attributes | undefined, names: Names = {}): boolean {
  return conditionOf(expression)({ values, names, item: item ?? {} });
}

/** The attributes that an update expression makes of those that are there: SET, ADD of numbers, and REMOVE. */
export function updated(
  expression: string,
  values: Values,
  item: Attributes,
  names: Names = {},
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...item };
  const scope: Scope = { values, names, item };
  const clauses = expression.split(/\b(SET|ADD|REMOVE)\s/).slice(1);
  for (let i = 0; i < clauses.length; i += 2) {
    for (const part of splitOutside(clauses[i + 1] ?? "")) {
      if (clauses[i] === "REMOVE") delete result[nameOf(part.trim(), names)];
      else if (clauses[i] === "ADD") addTo(result, part.trim(), scope);
      else setIn(result, part, scope);
    }
  }
  return result;
}

function addTo(result: Record<string, unknown>, part: string, { values, names }: Scope): void {
  const [name = "", value = ""] = part.split(/\s+/);
  const attribute = nameOf(name, names);
  result[attribute] = Number(result[attribute] ?? 0) + Number(values[value]);
}

function setIn(result: Record<string, unknown>, part: string, scope: Scope): void {
  const [, name = "", first = "", , operator, second = ""] =
    /^\s*([#\w]+) = (.+?)(\s+([+-])\s+(.+))?\s*$/.exec(part) ?? [];
  const value = operandOf(first)(scope);
  const change = operator === undefined ? 0 : Number(operandOf(second)(scope)) * (operator === "-" ? -1 : 1);
  result[nameOf(name, scope.names)] = operator === undefined ? value : Number(value) + change;
}

/** Cuts at the commas that are not inside a call. */
const splitOutside = (text: string): string[] => text.split(/,(?![^(]*\))/);

interface Scope {
  readonly values: Values;
  readonly names: Names;
  readonly item: Attributes;
}
type Condition = (scope: Scope) => boolean;
type Operand = (scope: Scope) => unknown;

const conditions = new Map<string, Condition>();

function conditionOf(expression: string): Condition {
  const known = conditions.get(expression);
  if (known !== undefined) return known;
  const made = parseCondition(expression);
  conditions.set(expression, made);
  return made;
}

/** Recursive descent over OR, AND, NOT, brackets, comparisons, BETWEEN and the functions of one attribute. */
function parseCondition(expression: string): Condition {
  const tokens = expression.match(/<>|<=|>=|[=<>(),]|[#:]?\w+/g) ?? [];
  let at = 0;
  const fail = (): never => {
    throw new Error(`unknown condition: ${expression}`);
  };
  const take = (token?: string): string => {
    const found = tokens[at++];
    return found === undefined || (token !== undefined && found !== token) ? fail() : found;
  };
  const accept = (token: string): boolean => tokens[at] === token && at++ >= 0;

  function either(): Condition {
    const terms = [both()];
    while (accept("OR")) terms.push(both());
    return (scope) => terms.some((term) => term(scope));
  }
  function both(): Condition {
    const terms = [negation()];
    while (accept("AND")) terms.push(negation());
    return (scope) => terms.every((term) => term(scope));
  }
  function negation(): Condition {
    if (!accept("NOT")) return single();
    const term = negation();
    return (scope) => !term(scope);
  }
  function single(): Condition {
    if (accept("(")) {
      const inner = either();
      take(")");
      return inner;
    }
    return tokens[at + 1] === "(" ? call() : comparison();
  }
  function call(): Condition {
    const name = take();
    take("(");
    const attribute = operandOf(take());
    const argument = accept(",") ? operandOf(take()) : undefined;
    take(")");
    if (name === "attribute_exists") return (scope) => attribute(scope) !== undefined;
    if (name === "attribute_not_exists") return (scope) => attribute(scope) === undefined;
    if (name === "begins_with" && argument !== undefined) {
      return (scope) => String(attribute(scope) ?? "").startsWith(String(argument(scope)));
    }
    return fail();
  }
  function comparison(): Condition {
    const left = operandOf(take());
    const operator = take();
    const right = operandOf(take());
    if (operator !== "BETWEEN") return (scope) => compare(left(scope), operator, right(scope)) ?? fail();
    take("AND");
    const last = operandOf(take());
    return (scope) =>
      compare(left(scope), ">=", right(scope)) === true && compare(left(scope), "<=", last(scope)) === true;
  }

  const parsed = either();
  return at === tokens.length ? parsed : fail();
}

/** A comparison with what is not there does not hold, but for "is another". */
function compare(left: unknown, operator: string, right: unknown): boolean | undefined {
  const [a, b] = [left as number, right as number];
  if (operator === "=") return a !== undefined && a === b;
  if (operator === "<>") return a !== b;
  if (!["<", "<=", ">", ">="].includes(operator)) return undefined;
  if (a === undefined || b === undefined || typeof a !== typeof b) return false;
  return operator === "<" ? a < b : operator === "<=" ? a <= b : operator === ">" ? a > b : a >= b;
}

function operandOf(token: string): Operand {
  const [, name = "", fallback = ""] = /^if_not_exists\(\s*([#\w]+)\s*,\s*([:#\w]+)\s*\)$/.exec(token) ?? [];
  if (name !== "")
    return ({ item, ...rest }) => item[nameOf(name, rest.names)] ?? operandOf(fallback)({ item, ...rest });
  if (token.startsWith(":")) return ({ values }) => values[token];
  if (!/^#?\w+$/.test(token)) throw new Error(`unknown operand: ${token}`);
  return ({ item, names }) => item[nameOf(token, names)];
}

const nameOf = (token: string, names: Names): string => (token.startsWith("#") ? (names[token] ?? token) : token);
