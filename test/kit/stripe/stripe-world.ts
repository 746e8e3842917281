/**
 * What Stripe holds and does, as far as we use it: objects under Stripe's names, changed by what people do, each change with its events.
 * Times are Unix seconds, as Stripe's are.
 */

export interface Price {
  readonly id: string;
  readonly object: "price";
  readonly product: string;
  readonly lookup_key: string | null;
  readonly unit_amount: number;
  readonly active: boolean;
}

export interface Session {
  readonly id: string;
  readonly object: "checkout.session";
  readonly customer: string;
  readonly price: string;
  readonly success_url: string;
  readonly cancel_url: string;
  readonly metadata: Readonly<Record<string, string>>;
  status: "open" | "complete" | "expired";
  url: string | null;
}

export interface FakeSubscription {
  readonly id: string;
  readonly object: "subscription";
  readonly customer: string;
  readonly created: number;
  status: string;
  cancel_at: number | null;
  cancel_at_period_end: boolean;
  ended_at: number | null;
  items: {
    readonly object: "list";
    readonly data: { price: Price; current_period_start: number; current_period_end: number }[];
  };
}

export interface Invoice {
  readonly id: string;
  readonly object: "invoice";
  readonly customer: string;
  readonly subscription: string;
  readonly created: number;
  status: "open" | "paid" | "uncollectible";
}

export interface FakeEvent {
  readonly id: string;
  readonly object: "event";
  readonly type: string;
  readonly created: number;
  readonly livemode: boolean;
  readonly data: { readonly object: object };
}

/** A month of the fake. */
export const PERIOD = 30 * 86_400;

export type StripeWorld = ReturnType<typeof createStripeWorld>;

/** @param now Unix milliseconds */
export function createStripeWorld(now: () => number, onEvent: (event: FakeEvent) => void = () => {}) {
  const customers = new Map<string, { id: string; email: string; metadata: Record<string, string> }>();
  const products = new Set<string>();
  const prices = new Map<string, Price>();
  const sessions = new Map<string, Session>();
  const subscriptions = new Map<string, FakeSubscription>();
  const invoices: Invoice[] = [];
  const events: FakeEvent[] = [];
  let count = 0;
  const nextId = (kind: string) => `${kind}_fake${++count}`;
  const seconds = () => Math.floor(now() / 1000);

  function emit(type: string, object: object): void {
    const data = { object: structuredClone(object) };
    const event = { id: nextId("evt"), object: "event", type, created: seconds(), livemode: false, data } as const;
    events.push(event);
    onEvent(event);
  }
  const emitOf = (subscription: FakeSubscription, kind: string) => emit(`customer.subscription.${kind}`, subscription);

  function find(id: string): FakeSubscription {
    const found = subscriptions.get(id);
    if (found === undefined) throw new Error(`no subscription ${id}`);
    return found;
  }

  function bill(subscription: FakeSubscription, status: Invoice["status"]): void {
    const of = { customer: subscription.customer, subscription: subscription.id };
    const invoice: Invoice = { id: nextId("in"), object: "invoice", ...of, created: seconds(), status };
    invoices.push(invoice);
    emit(status === "paid" ? "invoice.paid" : "invoice.payment_failed", invoice);
  }

  function startPeriod(subscription: FakeSubscription): void {
    for (const item of subscription.items.data) {
      item.current_period_start = item.current_period_end;
      item.current_period_end += PERIOD;
    }
  }

  const world = {
    /** Checkouts that somebody pays at this moment: they cannot be closed. */
    paying: new Set<string>(),
    customers,
    products,
    prices,
    sessions,
    subscriptions,
    invoices,
    events,
    nextId,
    seconds,

    subscribe(customer: string, price: Price, status = "active"): FakeSubscription {
      const start = seconds();
      const item = { price, current_period_start: start, current_period_end: start + PERIOD };
      const subscription: FakeSubscription = {
        ...{ id: nextId("sub"), object: "subscription", customer, created: start, status },
        ...{ cancel_at: null, cancel_at_period_end: false, ended_at: null },
        items: { object: "list", data: [item] },
      };
      subscriptions.set(subscription.id, subscription);
      emitOf(subscription, "created");
      bill(subscription, "paid");
      return subscription;
    },

    /** Somebody pays on the page of a checkout. */
    pay(sessionId: string): FakeSubscription {
      const session = sessions.get(sessionId);
      const price = prices.get(session?.price ?? "");
      if (session?.status !== "open" || price === undefined) throw new Error(`${sessionId} cannot be paid`);
      Object.assign(session, { status: "complete", url: null });
      const subscription = world.subscribe(session.customer, price);
      emit("checkout.session.completed", session);
      return subscription;
    },

    /** Somebody cancels in the portal: it goes on to the end of what is paid for. */
    cancel(id: string): void {
      const subscription = find(id);
      const [item] = subscription.items.data;
      subscription.cancel_at_period_end = true;
      subscription.cancel_at = item?.current_period_end ?? null;
      emitOf(subscription, "updated");
    },

    resume(id: string): void {
      Object.assign(find(id), { cancel_at_period_end: false, cancel_at: null });
      emitOf(find(id), "updated");
    },

    changePrice(id: string, price: Price): void {
      for (const item of find(id).items.data) item.price = price;
      emitOf(find(id), "updated");
    },

    /** The period is over: it renews and is paid, or ends when that was said. */
    renew(id: string): void {
      const subscription = find(id);
      if (subscription.cancel_at_period_end) {
        world.end(id);
        return;
      }
      startPeriod(subscription);
      subscription.status = "active";
      bill(subscription, "paid");
      emitOf(subscription, "updated");
    },

    /** The period is over, and the card is refused: it is tried again until `settle` or `end`. */
    fail(id: string): void {
      const subscription = find(id);
      startPeriod(subscription);
      subscription.status = "past_due";
      bill(subscription, "open");
      emitOf(subscription, "updated");
    },

    /** What was due is paid at last. */
    settle(id: string): void {
      const subscription = find(id);
      for (const invoice of invoices.filter((each) => each.subscription === id && each.status === "open")) {
        invoice.status = "paid";
        emit("invoice.paid", invoice);
      }
      subscription.status = "active";
      emitOf(subscription, "updated");
    },

    /** It ends at once. */
    end(id: string): void {
      const subscription = find(id);
      Object.assign(subscription, { status: "canceled", ended_at: seconds() });
      emitOf(subscription, "deleted");
    },

    deleteCustomer(id: string): void {
      for (const each of subscriptions.values())
        if (each.customer === id && each.status !== "canceled") world.end(each.id);
      const customer = customers.get(id);
      customers.delete(id);
      emit("customer.deleted", { ...customer, object: "customer" });
    },
  };
  return world;
}
