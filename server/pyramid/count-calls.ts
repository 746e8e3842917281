/** A port that counts its calls. What it returns is not waited for. */
export function countCalls<T extends object>(port: T, onCall: () => void): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        onCall();
        return Reflect.apply(member, target, args);
      };
    },
  });
}
