import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ForgedEventError, PaymentsUnavailableError } from "../../../server/billing/payments.ts";
import { runs } from "../../kit/runs.ts";
import type { FakeEvent } from "../../kit/stripe/stripe-world.ts";
import { openBilling } from "./billing-fixture.ts";

const DAY = 86_400_000;

export function testWebhook(pool: () => Pool): void {
  let test: Awaited<ReturnType<typeof openBilling>>;
  let ann: string;
  const events = () => test.stripe.world.events;
  const takeAll = async (all: readonly FakeEvent[]) => {
    for (const event of all) await test.take(event);
  };

  beforeAll(async () => {
    test = await openBilling(pool);
  });
  afterAll(() => test.stripe.close());
  beforeEach(async () => {
    events().length = 0;
    test.logged.length = 0;
    ann = await test.signUp("ann@example.org");
  });

  /** What happens in the life of a subscription, and how it stands then. */
  async function live(): Promise<string> {
    const { world } = test.stripe;
    const id = await test.subscribe(ann);
    world.fail(id);
    world.settle(id);
    world.cancel(id);
    world.renew(id);
    return id;
  }

  it("takes a subscription through its life, and gives access as long as it is paid for", async () => {
    const { world } = test.stripe;
    const { clock } = test;
    const start = clock.nowMs;
    const seen: unknown[] = [];
    const look = async () => {
      await takeAll(events().splice(0));
      seen.push(await test.state(ann));
    };
    await look();
    const id = await test.subscribe(ann);
    await look();
    clock.nowMs = start + 30 * DAY;
    world.fail(id);
    await look();
    clock.nowMs = start + 45 * DAY;
    seen.push(await test.state(ann));
    world.settle(id);
    await look();
    world.cancel(id);
    await look();
    clock.nowMs = start + 60 * DAY;
    seen.push(await test.state(ann));
    world.renew(id);
    await look();
    expect(seen).toEqual([
      ["resident", null, false, null],
      ["agent", "active", true, null],
      // Two weeks of grace, then nothing until it is paid.
      ["agent", "past_due", true, 44],
      ["agent", "past_due", false, 44],
      ["agent", "active", true, null],
      ["agent", "active", true, 60],
      ["agent", "active", false, 60],
      ["agent", "canceled", false, 60],
    ]);
    clock.nowMs = start;
  });

  it("comes to the right state in whatever order the events of a life come, some of them twice", async () => {
    await live();
    const all = [...events()];
    expect(all.length).toBe(9);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(all.length - 1), { maxLength: 4 }), shuffled(all), async (twice, order) => {
        await forget(pool());
        await takeAll([...order, ...twice.flatMap((index) => all[index] ?? [])]);
        expect((await test.state(ann))?.slice(0, 3)).toEqual(["agent", "canceled", false]);
      }),
      runs(100),
    );
  });

  it("comes to the right state in whatever life, with events taken late, in any order, by two processes at once", async () => {
    const { world } = test.stripe;
    const takers = [test.billing, test.openProcess()];
    const life = fc.array(fc.record({ step: fc.constantFrom(...STEPS), taken: fc.array(fc.nat(), { maxLength: 3 }) }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(life, fc.infiniteStream(fc.nat(4)), async (steps, delays) => {
        await pool().query("TRUNCATE stripe_events, api_subscriptions, billing_customers");
        events().length = 0;
        const id = await test.subscribe(ann);
        test.stripe.holdAnswers(() => sleep(delays.next().value ?? 0));
        const taking: Promise<unknown>[] = [];
        const takeOne = (index: number) => {
          const [event] = events().splice(index % Math.max(1, events().length), 1);
          if (event !== undefined) for (const taker of takers) taking.push(test.take(event, taker));
        };
        for (const { step, taken } of steps) {
          if (world.subscriptions.get(id)?.status !== "canceled") world[step](id);
          for (const index of taken) takeOne(index);
          await taking[0];
        }
        while (events().length > 0) takeOne(1);
        const outcomes = new Set(await Promise.all(taking));
        test.stripe.holdAnswers(undefined);
        expect([...outcomes].filter((outcome) => outcome !== "taken" && outcome !== "known")).toEqual([]);
        const { status, cancel_at, ended_at } = world.subscriptions.get(id) ?? never();
        const [row] = (await pool().query("SELECT status, ends_at FROM api_subscriptions")).rows;
        const graceEnd = status === "past_due" ? test.clock.now() / 1000 + 14 * 86_400 : null;
        const end =
          ended_at ??
          (graceEnd !== null && cancel_at !== null ? Math.min(graceEnd, cancel_at) : (graceEnd ?? cancel_at));
        expect([row.status, row.ends_at?.getTime() ?? null]).toEqual([status, end === null ? null : end * 1000]);
      }),
      runs(100),
    );
  });

  it("never writes what was read earlier over what was read later", async () => {
    const { world, holdAnswers } = test.stripe;
    const id = await test.subscribe(ann);
    const [first = never()] = events();
    const [reading, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // The first one reads what was before the end, and hears of it behind everything else.
    holdAnswers(async () => {
      holdAnswers(undefined);
      reading.resolve();
      await held.promise;
    });
    const late = test.take(first);
    await reading.promise;
    world.end(id);
    await test.take(events().at(-1) ?? never());
    held.resolve();
    expect(await late).toBe("taken");
    expect((await test.state(ann))?.slice(0, 3)).toEqual(["agent", "canceled", false]);
  });

  it("reads again when one wrote meanwhile who may have read before", async () => {
    const { world, holdAnswers } = test.stripe;
    const id = await test.subscribe(ann);
    const [first = never()] = events();
    const [reading, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let early: Promise<unknown> = Promise.resolve();
    holdAnswers(async () => {
      // The second one has what was read behind the end, but the first one writes first.
      holdAnswers(async () => {
        holdAnswers(undefined);
        held.resolve();
        await early;
      });
      reading.resolve();
      await held.promise;
    });
    early = test.take(first);
    await reading.promise;
    world.end(id);
    expect(await test.take(events().at(-1) ?? never())).toBe("taken");
    expect((await test.state(ann))?.slice(0, 3)).toEqual(["agent", "canceled", false]);
  });

  it("looks at an event once, also when it comes ten times at once, and keeps ids for a month", async () => {
    await test.subscribe(ann);
    const [event] = events();
    if (event === undefined) throw new Error("no event");
    await Promise.all(Array.from({ length: 10 }, () => test.take(event)));
    const asked = test.stripe.requests.length;
    expect(await test.take(event)).toBe("known");
    expect(test.stripe.requests.length).toBe(asked);
    await pool().query("UPDATE stripe_events SET received_at = now() - interval '31 days'");
    await takeAll(events().slice(1, 2));
    expect((await pool().query("SELECT id FROM stripe_events")).rows).toEqual([{ id: events()[1]?.id }]);
  });

  it("refuses what is forged, stale, changed, or of the other mode, and looks nothing up for it", async () => {
    await test.subscribe(ann);
    const [event] = events();
    if (event === undefined) throw new Error("no event");
    const asked = test.stripe.requests.length;
    const now = test.clock.now();
    const refused = async (taking: Promise<unknown>) => expect(taking).rejects.toThrow(ForgedEventError);
    await refused(test.take(event, test.billing, { secret: "whsec_other" }));
    await refused(test.take(event, test.billing, { atMs: now - 301_000 }));
    await refused(test.take({ ...event, livemode: true }));
    // No name that PostgreSQL could keep.
    await refused(test.take({ ...event, id: "evt_\0" }));
    const { body, headers } = test.stripe.sign(event);
    const signature = headers["Stripe-Signature"] ?? "";
    const bytes = new TextEncoder().encode(body.replace("active", "paused"));
    await refused(test.billing.takeEvent(bytes, signature));
    for (const junk of [
      "",
      "t=1",
      "t=x,v1=y",
      signature.replace("v1", "v0"),
      `${signature},v2=${"0".repeat(900)}`.slice(3),
    ])
      await refused(test.billing.takeEvent(new TextEncoder().encode(body), junk));
    for (const text of ["", "{", "[]", "{}", '{"id":"evt_1"}', "null"]) {
      const signed = test.stripe.sign(JSON.parse(JSON.stringify({ raw: text })));
      await refused(
        test.billing.takeEvent(new TextEncoder().encode(signed.body), signed.headers["Stripe-Signature"] ?? ""),
      );
    }
    expect(test.stripe.requests.length).toBe(asked);
    expect(await test.state(ann)).toEqual(["resident", null, false, null]);
    // Signed anew, as Stripe does whenever it sends again, the same event is good.
    expect(await test.take(event)).toBe("taken");
  });

  it("changes nobody by events of other customers, other products, and of no customer", async () => {
    const bob = await test.signUp("bob@example.org");
    const id = await test.subscribe(ann);
    const { world } = test.stripe;
    await takeAll(events().splice(0));
    const mine = world.subscriptions.get(id);
    world.subscribe("cus_elsewhere", mine?.items.data[0]?.price ?? never());
    const foreign = { ...(mine?.items.data[0]?.price ?? never()), product: "mugs" };
    world.subscribe(mine?.customer ?? "", foreign);
    world.changePrice(id, mine?.items.data[0]?.price ?? never());
    const outcomes = [];
    for (const event of events().splice(0)) outcomes.push(await test.take(event));
    expect(outcomes).toEqual(["not-ours", "not-ours", "taken", "taken", "taken"]);
    const odd = { id: "evt_odd", object: "event", type: "invoice.paid", created: 1, livemode: false } as const;
    const nul = "cus_\0";
    for (const object of [
      ...[{}, { customer: null }, { customer: 7 }, { customer: { id: "cus_x" } }],
      ...[{ customer: nul }, { customer: { id: nul } }, { object: "customer", id: nul }],
    ])
      expect(await test.take({ ...odd, data: { object } })).toBe("not-ours");
    expect(await test.state(ann)).toEqual(["agent", "active", true, null]);
    expect(await test.state(bob)).toEqual(["resident", null, false, null]);
  });

  it("stores nothing while Stripe is away, so that the event comes again", async () => {
    await test.subscribe(ann);
    const [event] = events();
    if (event === undefined) throw new Error("no event");
    test.stripe.holdAnswers(() => Promise.reject(new Error("away")));
    await expect(test.take(event)).rejects.toThrow(PaymentsUnavailableError);
    await expect(test.take(event)).rejects.toThrow("Stripe gave no answer (StripeAPIError)");
    test.stripe.holdAnswers(undefined);
    expect(await test.take(event)).toBe("taken");
    expect(await test.state(ann)).toEqual(["agent", "active", true, null]);
  });
}

const STEPS = ["renew", "fail", "settle", "cancel", "resume", "end"] as const;

const never = (): never => {
  throw new Error("nothing there");
};

/** As if nothing had been told yet. */
async function forget(pool: Pool): Promise<void> {
  await pool.query("TRUNCATE stripe_events, api_subscriptions");
}

const shuffled = <T>(all: readonly T[]) =>
  fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length });
