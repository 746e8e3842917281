/** The few forms of DynamoDB expressions that the store writes; any other is an error, so that none is silently wrong. */

export type Values = Readonly<Record<string, unknown>>;

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
  const atLeast = /^sk >= (:\w+)$/.exec(rest);
  if (atLeast !== null) return { pk: text(pk), from: text(atLeast[1]), to: AFTER_ALL };
  throw new Error(`unknown key condition: ${expression}`);
}

/** Whether a condition, an OR of comparisons, holds for the item that is there. */
export function holds(
  expression: string,
  values: Values,
  item: Readonly<Record<string, unknown>> | undefined,
): boolean {
  return expression.split(" OR ").some((term) => {
    const missing = /^attribute_not_exists\((\w+)\)$/.exec(term);
    if (missing !== null) return item?.[missing[1] ?? ""] === undefined;
    const [, name = "", operator, value = ""] = /^(\w+) (=|<=|<) (:\w+)$/.exec(term) ?? [];
    const left = item?.[name] as number | string | undefined;
    const right = values[value] as number | string;
    if (operator === undefined) throw new Error(`unknown condition: ${expression}`);
    if (left === undefined) return false;
    return operator === "=" ? left === right : operator === "<" ? left < right : left <= right;
  });
}
