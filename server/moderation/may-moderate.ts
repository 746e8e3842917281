/** Whom an operator made a moderator. No plan makes one: who pays may not decide what others see. */
export interface ModeratorRights {
  readonly isOperator: boolean;
  /** Ids of the cities that an operator bound the account to. */
  readonly cities: readonly string[];
}

export const ROLES = ["operator", "city", "nobody"] as const;
export type Role = (typeof ROLES)[number];

/** What can be asked for: to see what waits and what was decided, and to decide. */
export type Task = "look" | "decide";

/** Where each role may do it. */
const REACH: Readonly<Record<Role, Readonly<Record<Task, "everywhere" | "own cities" | "nowhere">>>> = {
  operator: { look: "everywhere", decide: "everywhere" },
  city: { look: "own cities", decide: "own cities" },
  nobody: { look: "nowhere", decide: "nowhere" },
};

export function roleOf({ isOperator, cities }: ModeratorRights): Role {
  if (isOperator) return "operator";
  return cities.length > 0 ? "city" : "nobody";
}

/**
 * The one place that says who may moderate what.
 * @param city of the report or the list; undefined: everywhere, or in no city
 */
export function mayModerate(rights: ModeratorRights, task: Task, city: string | undefined): boolean {
  const reach = REACH[roleOf(rights)][task];
  return reach === "everywhere" || (reach === "own cities" && city !== undefined && rights.cities.includes(city));
}
