import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPace, type Pace } from "../../../server/kit/pace.ts";
import { pacedPort } from "../../../server/kit/paced-port.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Background work that makes calls one after the other, in so many loops. */
function startWork(pace: Pace, { loops = 1, callMs = 2 } = {}) {
  const work = { calls: 0, underWay: 0, mostUnderWay: 0 };
  const loop = async () => {
    for (;;) {
      await pace.run(async () => {
        work.calls++;
        work.underWay++;
        work.mostUnderWay = Math.max(work.mostUnderWay, work.underWay);
        await sleep(callMs);
        work.underWay--;
      });
    }
  };
  for (let i = 0; i < loops; i++) void loop();
  return work;
}

/** Calls that are made within a time. */
async function callsWithin(ms: number, work: { calls: number }): Promise<number> {
  const before = work.calls;
  await vi.advanceTimersByTimeAsync(ms);
  return work.calls - before;
}

async function request(pace: Pace, ms: number, kind = "tiles"): Promise<void> {
  const end = pace.begin(kind);
  await vi.advanceTimersByTimeAsync(ms);
  end();
}

describe("background calls while nobody asks for anything", () => {
  it("follow one another without a pause", async () => {
    const work = startWork(createPace(), { callMs: 2 });
    expect(await callsWithin(1_000, work)).toBeGreaterThan(300);
  });

  it("are a few at a time, however many wait", async () => {
    const work = startWork(createPace(), { loops: 50, callMs: 20 });
    await callsWithin(1_000, work);
    expect(work.mostUnderWay).toBe(4);
    expect(work.calls).toBeGreaterThan(150);
  });

  it("are made in the order in which they came, and settle as the calls do", async () => {
    const pace = createPace();
    const order: number[] = [];
    const all = Promise.allSettled(
      [1, 2, 3].map((n) =>
        pace.run(async () => {
          order.push(n);
          if (n === 2) throw new Error("away");
          return n;
        }),
      ),
    );
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual([1, 2, 3]);
    expect(await all).toEqual([
      { status: "fulfilled", value: 1 },
      { status: "rejected", reason: new Error("away") },
      { status: "fulfilled", value: 3 },
    ]);
    await callsWithin(100, startWork(pace));
  });

  it("are never made in the midst of what asks for them", async () => {
    let called = false;
    void createPace().run(async () => {
      called = true;
    });
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(called).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(called).toBe(true);
  });
});

describe("background calls while requests are under way", () => {
  it("get a tenth of the time, one at a time, and all of it again afterwards", async () => {
    const pace = createPace();
    const work = startWork(pace, { loops: 20, callMs: 5 });
    await callsWithin(100, work);
    const end = pace.begin("tiles");
    await callsWithin(100, work);
    work.mostUnderWay = 0;
    const share = await callsWithin(10_000, work);
    expect(share).toBeGreaterThan(150);
    expect(share).toBeLessThanOrEqual(200);
    expect(work.mostUnderWay).toBe(1);
    end();
    expect(await callsWithin(10_000, work)).toBeGreaterThan(5_000);
  });

  it("come forward however slow they are, and are no crowd however short", async () => {
    const slow = createPace();
    slow.begin("tiles");
    expect(await callsWithin(60_000, startWork(slow, { callMs: 2_000 }))).toBeGreaterThanOrEqual(19);
    const short = createPace();
    short.begin("tiles");
    expect(await callsWithin(10_000, startWork(short, { callMs: 0 }))).toBeLessThanOrEqual(1_000);
  });

  it("count what is made of their answers at once", async () => {
    const pace = createPace();
    const now = performance.now.bind(performance);
    let decodedMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now() + decodedMs);
    pace.begin("tiles");
    let calls = 0;
    void (async () => {
      for (;;) {
        await pace.run(async () => void calls++);
        // The event loop does nothing else meanwhile.
        decodedMs += 50;
      }
    })();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls).toBeLessThanOrEqual(25);
    expect(calls).toBeGreaterThan(15);
  });

  it("wait for all of them", async () => {
    const pace = createPace();
    const work = startWork(pace);
    const [endFirst, endSecond] = [pace.begin("tiles"), pace.begin("lists")];
    endFirst();
    expect(await callsWithin(1_000, work)).toBeLessThan(60);
    endSecond();
    expect(await callsWithin(1_000, work)).toBeGreaterThan(300);
  });
});

describe("background calls between slow requests", () => {
  it("wait until requests take what they take without them", async () => {
    const pace = createPace();
    for (let i = 0; i < 20; i++) await request(pace, 10);
    const work = startWork(pace);
    /** Requests follow one another, with pauses of 50 ms. */
    const inPauses = async (tookMs: number) => {
      let calls = 0;
      for (let i = 0; i < 20; i++) {
        await request(pace, tookMs);
        calls += await callsWithin(50, work);
      }
      return calls;
    };
    const usual = await inPauses(10);
    const slow = await inPauses(60);
    expect(usual).toBeGreaterThan(250);
    expect(slow).toBeLessThan(usual / 2);
    // A quarter of a second after the last one nobody is slowed down any more.
    await vi.advanceTimersByTimeAsync(250);
    expect(await callsWithin(1_000, work)).toBeGreaterThan(300);
  });

  it("do not wait because one kind of request takes longer than another", async () => {
    const pace = createPace();
    for (let i = 0; i < 20; i++) {
      await request(pace, 2, "tiles");
      await request(pace, 400, "exports");
    }
    const work = startWork(pace);
    let calls = 0;
    for (let i = 0; i < 20; i++) {
      await request(pace, i % 2 === 0 ? 2 : 400, i % 2 === 0 ? "tiles" : "exports");
      calls += await callsWithin(50, work);
    }
    expect(calls).toBeGreaterThan(250);
  });
});

describe("background calls beside requests that are answered at once", () => {
  it("are a tenth while there are many, and as many as ever while there are few", async () => {
    const pace = createPace();
    const work = startWork(pace);
    const beside = async (answersPer10Ms: number) => {
      let calls = 0;
      for (let i = 0; i < 100; i++) {
        for (let j = 0; j < answersPer10Ms; j++) pace.answered();
        calls += await callsWithin(10, work);
      }
      return calls;
    };
    const few = await beside(1);
    expect(few).toBeGreaterThan(300);
    expect(await beside(50)).toBeLessThan(100);
    await callsWithin(100, work);
    expect(await beside(1)).toBeGreaterThan(300);
  });
});

describe("background calls with a budget", () => {
  it("spend so much a second, whether they learn it before or behind the call", async () => {
    const pace = createPace({ unitsPerSecond: 100 });
    let spent = 0;
    void (async () => {
      for (;;) {
        await pace.run(async () => {
          pace.spend(7);
          spent += 7;
        });
      }
    })();
    await vi.advanceTimersByTimeAsync(10_000);
    // A second's worth was there at the beginning.
    expect(spent).toBeGreaterThan(1_000);
    expect(spent).toBeLessThanOrEqual(1_107);
  });

  it("come forward when one call takes more than a second's worth, and save no more than that", async () => {
    const pace = createPace({ unitsPerSecond: 100 });
    await vi.advanceTimersByTimeAsync(60_000);
    let calls = 0;
    void (async () => {
      for (;;) {
        await pace.run(async () => {
          calls++;
          pace.spend(1_000);
        });
      }
    })();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(calls).toBeGreaterThanOrEqual(3);
    expect(calls).toBeLessThanOrEqual(4);
  });
});

describe("a paced port", () => {
  it("lets the methods that are named wait, with what they are given and give, and leaves the others", async () => {
    const store = {
      rows: ["a", "b"],
      async read(from: number) {
        return this.rows.slice(from);
      },
      shard: () => 7,
    };
    const pace = createPace();
    const paced = pacedPort(store, pace, ["read"]);
    const end = pace.begin("tiles");
    const first = paced.read(0);
    const second = paced.read(1);
    expect(paced.shard()).toBe(7);
    await vi.advanceTimersByTimeAsync(5_000);
    end();
    expect(await Promise.all([first, second])).toEqual([["a", "b"], ["b"]]);
    expect(pace.samples().map(({ value }) => value)).toEqual([2, expect.closeTo(0.01, 2)]);
  });
});
