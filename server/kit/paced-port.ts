import type { Pace } from "./pace.ts";

type AsyncMethod<T> = {
  [Name in keyof T]: T[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof T];

/**
 * A port as background work has it: those of its methods take their turn before they are called, the others are left as they are.
 * @param pace makes a call when it is its turn
 */
export function pacedPort<T extends object>(
  port: T,
  pace: Pick<Pace, "run">,
  methods: readonly (AsyncMethod<T> & string)[],
): T {
  const paced = new Set<string | symbol>(methods);
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function" || !paced.has(name)) return member;
      return (...args: unknown[]) => pace.run<unknown>(async () => Reflect.apply(member, target, args));
    },
  });
}
