import { describe, expect, it } from "vitest";
import { createInTurn } from "../../../server/kit/in-turn.ts";

/** Work that stands until it is let on. */
function createSteps() {
  const begun: string[] = [];
  const goOn = new Map<string, (fails?: Error) => void>();
  const step = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve, reject) => {
      goOn.set(name, (fails) => (fails ? reject(fails) : resolve(name)));
    });
  };
  const end = async (name: string, fails?: Error) => {
    goOn.get(name)?.(fails);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { begun, step, end };
}

describe("createInTurn", () => {
  it("runs work of one key in turn, whether it fails or not, and of another key beside it", async () => {
    const inTurn = createInTurn();
    const { begun, step, end } = createSteps();
    const first = inTurn("a", step("a1")).catch((error: Error) => error.message);
    const second = inTurn("a", step("a2"));
    const other = inTurn("b", step("b1"));
    await end("");
    expect(begun).toEqual(["a1", "b1"]);
    await end("a1", new Error("failed"));
    expect(begun).toEqual(["a1", "b1", "a2"]);
    await end("a2");
    await end("b1");
    expect(await Promise.all([first, second, other])).toEqual(["failed", "a2", "b1"]);
  });

  it("runs at once what comes beyond its bounds, and forgets keys that are done", async () => {
    const inTurn = createInTurn(1, 1);
    const { begun, step, end } = createSteps();
    const all = ["a1", "a2", "a3", "b1"].map((name) => inTurn(name.slice(0, 1), step(name)));
    await end("");
    expect(begun.toSorted()).toEqual(["a1", "a3", "b1"]);
    for (const name of ["a1", "a3", "b1", "a2"]) await end(name);
    await Promise.all(all);
    void inTurn("b", step("b2"));
    void inTurn("b", step("b3"));
    await end("");
    expect(begun).not.toContain("b3");
  });
});
