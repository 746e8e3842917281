import { type CleanedWhere, createAdapterFactory } from "better-auth/adapters";
import { APIError } from "better-auth/api";
import { errorCode } from "../../console/operator-error.ts";
import type { Sql, SqlRow } from "../../ports/sql.ts";
import { DEMO_EMAIL } from "./demo-account.ts";
import { storedToken, toldToken } from "./session-token.ts";

/**
 * better-auth's questions as statements of ours: the same `Sql` as everything else asks, on Node and in workerd, where its own way would
 * bring Kysely and a pool. Tokens of sessions are hashed here, so better-auth never knows that they are. For one request alone.
 */
export interface AuthAdapter {
  readonly factory: ReturnType<typeof createAdapterFactory>;
  /** What PostgreSQL failed with, if it did: better-auth swallows some of that, and would go on as if nobody were signed in. */
  fault(): Error | undefined;
}

const MAX_USER_AGENT = 200;
const UNIQUE_VIOLATION = "23505";
const COMPARISONS: Readonly<Record<string, string>> = { eq: "=", ne: "<>", lt: "<", lte: "<=", gt: ">", gte: ">=" };

/** @param isDemoAllowed whether the demo account is one here; else nothing finds it */
export function createAuthAdapter(sql: Sql, isDemoAllowed: boolean): AuthAdapter {
  let fault: Error | undefined;
  /** Tokens that this request brought, by what is stored of them. */
  const brought = new Map<string, string>();

  async function query(text: string, values: readonly unknown[]): Promise<SqlRow[]> {
    try {
      return await sql.query(text, values);
    } catch (error) {
      if (errorCode(error) !== UNIQUE_VIOLATION) fault = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  const hashed = (token: string): string => {
    const stored = storedToken(token);
    brought.set(stored, token);
    return stored;
  };
  const unhashed = <Row extends SqlRow>(model: string, row: Row): Row => {
    if (model !== "sessions" || typeof row.token !== "string") return row;
    return { ...row, token: brought.get(row.token) ?? toldToken(row.token) };
  };

  function conditions(model: string, where: readonly CleanedWhere[], values: unknown[]): string {
    const value = ({ field, value: given }: CleanedWhere): unknown =>
      model === "sessions" && field === "token" && typeof given === "string" ? hashed(given) : given;
    const terms = where.map((each) => {
      if (each.connector === "OR") throw new TypeError("conditions of better-auth are joined by AND here");
      return condition(model, each, value(each), values);
    });
    // Hyperdrive answers what it was asked before, but for questions that ask the time.
    terms.push("now() IS NOT NULL");
    if (model === "users" && !isDemoAllowed) terms.push("NOT is_demo");
    return terms.join(" AND ");
  }

  const factory = createAdapterFactory({
    config: {
      adapterId: "stratum",
      supportsUUIDs: true,
      supportsDates: true,
      supportsBooleans: true,
      supportsJSON: false,
      supportsArrays: false,
      transaction: false,
    },
    adapter: ({ getFieldName }) => ({
      create: async ({ model, data }) => {
        const row: Readonly<Record<string, unknown>> = model === "sessions" ? sessionRow(data, hashed) : data;
        const columns = Object.keys(row);
        if (model === "users" && row.email === DEMO_EMAIL) throw taken();
        const places = columns.map((_, index) => `$${index + 1}`);
        const text = `INSERT INTO ${name(model)} (${columns.map(name).join(", ")}) VALUES (${places.join(", ")}) RETURNING *`;
        const [created] = await query(text, Object.values(row)).catch((error: unknown) => {
          throw errorCode(error) === UNIQUE_VIOLATION ? taken() : error;
        });
        return unhashed(model, created ?? {}) as typeof data;
      },
      findOne: async ({ model, where }) => {
        const values: unknown[] = [];
        const text = `SELECT * FROM ${name(model)} WHERE ${conditions(model, where, values)} LIMIT 1`;
        const [row] = await query(text, values);
        return row === undefined ? null : (unhashed(model, row) as never);
      },
      findMany: async ({ model, where = [], limit = MAX_ROWS, sortBy }) => {
        const values: unknown[] = [];
        const column = sortBy && name(getFieldName({ model, field: sortBy.field }));
        const order = sortBy ? ` ORDER BY ${column} ${sortBy.direction === "desc" ? "DESC" : "ASC"}` : "";
        const found = conditions(model, where, values);
        values.push(Math.min(limit, MAX_ROWS));
        const text = `SELECT * FROM ${name(model)} WHERE ${found}${order} LIMIT $${values.length}`;
        return (await query(text, values)).map((row) => unhashed(model, row)) as never;
      },
      update: async ({ model, where, update }) => {
        const [row] = await change(model, where, update as Readonly<Record<string, unknown>>);
        return row === undefined ? null : (unhashed(model, row) as never);
      },
      updateMany: async ({ model, where, update }) => (await change(model, where, update)).length,
      delete: async ({ model, where }) => void (await remove(model, where)),
      deleteMany: async ({ model, where }) => (await remove(model, where)).length,
      consumeOne: async ({ model, where }) => {
        const [row] = await remove(model, where, " RETURNING *");
        return (row ?? null) as never;
      },
      count: async ({ model, where = [] }) => {
        const values: unknown[] = [];
        const text = `SELECT count(*)::integer AS count FROM ${name(model)} WHERE ${conditions(model, where, values)}`;
        return Number((await query(text, values))[0]?.count);
      },
    }),
  });

  function change(model: string, where: readonly CleanedWhere[], update: Readonly<Record<string, unknown>>) {
    const values = Object.values(update);
    const set = Object.keys(update).map((column, index) => `${name(column)} = $${index + 1}`);
    const found = conditions(model, where, values);
    return query(`UPDATE ${name(model)} SET ${set.join(", ")} WHERE ${found} RETURNING *`, values);
  }

  function remove(model: string, where: readonly CleanedWhere[], returning = " RETURNING id") {
    const values: unknown[] = [];
    return query(`DELETE FROM ${name(model)} WHERE ${conditions(model, where, values)}${returning}`, values);
  }

  return { factory, fault: () => fault };
}

/** More than an account has of anything that better-auth asks for. */
const MAX_ROWS = 200;

/** Names come from our own mapping of better-auth's, never from a request; this keeps it so. */
function name(identifier: string): string {
  if (!/^[a-z_]{1,40}$/.test(identifier)) throw new TypeError(`no name of a table or column: ${identifier}`);
  return identifier;
}

/** Adds the value to `values`. Addresses are compared as the index of them is made. */
function condition(model: string, { field, operator = "eq" }: CleanedWhere, value: unknown, values: unknown[]): string {
  if (value === null) return `${name(field)} IS ${operator === "ne" ? "NOT " : ""}NULL`;
  values.push(value);
  const place = `$${values.length}`;
  if (operator === "in") return `${name(field)} = ANY (${place})`;
  const compare = COMPARISONS[operator];
  if (compare === undefined) throw new TypeError(`better-auth compares by ${operator}, which is not known here`);
  if (model === "users" && field === "email") return `lower(email) ${compare} lower(${place})`;
  return `${name(field)} ${compare} ${place}`;
}

/** No address of the client's is kept, and of its program what fits and can be shown. */
function sessionRow(data: Readonly<Record<string, unknown>>, hashed: (token: string) => string) {
  const { token, user_agent: agent, ip_address: _, ...row } = data;
  const shown = String(agent ?? "").replace(/[^\x20-\x7e]/g, "");
  return { ...row, token: hashed(String(token)), user_agent: shown.slice(0, MAX_USER_AGENT) };
}

/** By this better-auth answers as if the account had been made: nobody learns that there is one. */
const taken = () => new APIError("FORBIDDEN", { message: "This address is taken" });
