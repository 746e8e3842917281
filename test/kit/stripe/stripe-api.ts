import type { Price, Session, StripeWorld } from "./stripe-world.ts";

/** An answer of the API: Stripe's objects, or an error as Stripe has them. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: object;
}

const list = (data: readonly object[]): ApiAnswer => ({ status: 200, body: { object: "list", data, has_more: false } });
const found = (body: object): ApiAnswer => ({ status: 200, body });
const refused = (code: string, param: string, status = 400): ApiAnswer => ({
  status,
  body: { error: { type: "invalid_request_error", code, param, message: `${code}: ${param}` } },
});
const missing = (param: string) => refused("resource_missing", param, param === "id" ? 404 : 400);

type Handler = (request: {
  readonly id: string;
  readonly form: URLSearchParams;
  readonly query: URLSearchParams;
}) => ApiAnswer;

/** The endpoints of Stripe that we use, over what it holds. @param base where pages of checkouts and of the portal are */
export function createStripeApi(world: StripeWorld, base: () => string) {
  const configurations: { id: string; metadata: object }[] = [];
  const portals = new Map<string, { customer: string; return_url: string }>();

  const tellSession = ({ price: _, ...session }: Session) => found(session);
  const sessionOf = (id: string, tell: (session: Session) => ApiAnswer): ApiAnswer => {
    const session = world.sessions.get(id);
    return session === undefined ? missing("id") : tell(session);
  };

  const handlers: Readonly<Record<string, Handler>> = {
    "POST customers": ({ form }) => {
      const id = world.nextId("cus");
      const customer = {
        id,
        email: form.get("email") ?? "",
        metadata: { user_id: form.get("metadata[user_id]") ?? "" },
      };
      world.customers.set(id, customer);
      return found({ object: "customer", ...customer });
    },
    "DELETE customers/:id": ({ id }) => {
      if (!world.customers.has(id)) return missing("id");
      world.deleteCustomer(id);
      return found({ id, object: "customer", deleted: true });
    },
    "POST products": ({ form }) => {
      const id = form.get("id") ?? "";
      if (world.products.has(id)) return refused("resource_already_exists", "id");
      world.products.add(id);
      return found({ id, object: "product" });
    },
    "GET prices": ({ query }) => {
      const keys = [...query].filter(([name]) => name.startsWith("lookup_keys")).map(([, value]) => value);
      return list(
        [...world.prices.values()].filter(
          ({ lookup_key, active }) => active && lookup_key && keys.includes(lookup_key),
        ),
      );
    },
    "POST prices": ({ form }) => {
      const lookup_key = form.get("lookup_key");
      for (const price of [...world.prices.values()].filter((each) => each.lookup_key === lookup_key)) {
        if (form.get("transfer_lookup_key") !== "true") return refused("lookup_key_in_use", "lookup_key");
        world.prices.set(price.id, { ...price, lookup_key: null });
      }
      const price: Price = {
        ...{ id: world.nextId("price"), object: "price", active: true, lookup_key },
        product: form.get("product") ?? "",
        unit_amount: Number(form.get("unit_amount")),
      };
      world.prices.set(price.id, price);
      return found(price);
    },
    "GET billing_portal/configurations": () => list(configurations),
    "POST billing_portal/configurations": ({ form }) => {
      if (form.get("features[subscription_cancel][mode]") !== "at_period_end") return refused("mode", "features");
      const made = { id: world.nextId("bpc"), metadata: { stratum: form.get("metadata[stratum]") } };
      configurations.push(made);
      return found(made);
    },
    "POST billing_portal/sessions": ({ form }) => {
      const customer = form.get("customer") ?? "";
      if (!world.customers.has(customer)) return missing("customer");
      if (!configurations.some(({ id }) => id === form.get("configuration"))) return missing("configuration");
      const id = world.nextId("bps");
      portals.set(id, { customer, return_url: form.get("return_url") ?? "" });
      return found({ id, object: "billing_portal.session", url: `${base()}/portal/${id}` });
    },
    "POST checkout/sessions": ({ form }) => {
      const customer = form.get("customer") ?? "";
      const price = form.get("line_items[0][price]") ?? "";
      if (!world.customers.has(customer)) return missing("customer");
      if (!world.prices.get(price)?.active) return refused("price_inactive", "line_items[0][price]");
      const id = world.nextId("cs");
      const session: Session = {
        ...{ id, object: "checkout.session", customer, price, status: "open", url: `${base()}/pay/${id}` },
        success_url: form.get("success_url") ?? "",
        cancel_url: form.get("cancel_url") ?? "",
        metadata: { plan: form.get("metadata[plan]") ?? "" },
      };
      world.sessions.set(id, session);
      return tellSession(session);
    },
    "GET checkout/sessions/:id": ({ id }) => sessionOf(id, tellSession),
    "POST checkout/sessions/:id/expire": ({ id }) =>
      sessionOf(id, (session) => {
        if (session.status !== "open" || world.paying.has(id)) return refused("status", "session");
        Object.assign(session, { status: "expired", url: null });
        return tellSession(session);
      }),
    "GET subscriptions": ({ query }) => {
      const customer = query.get("customer") ?? "";
      if (!world.customers.has(customer)) return missing("customer");
      if (query.get("status") !== "all") return refused("status", "status");
      return list([...world.subscriptions.values()].filter((each) => each.customer === customer).reverse());
    },
    "GET invoices": ({ query }) =>
      list(
        world.invoices.filter(
          (each) => each.subscription === query.get("subscription") && each.status === query.get("status"),
        ),
      ),
  };

  return {
    portals,
    /** Undefined when we use no such endpoint. */
    answer(method: string, { pathname, searchParams }: URL, body: string): ApiAnswer | undefined {
      const path = pathname.replace(/^\/v1\//, "");
      for (const [route, handle] of Object.entries(handlers)) {
        const [, id = ""] = new RegExp(`^${route.replace(":id", "([^/]+)")}$`).exec(`${method} ${path}`) ?? [undefined];
        if (id !== "" || `${method} ${path}` === route) {
          return handle({ id, form: new URLSearchParams(body), query: searchParams });
        }
      }
      return undefined;
    },
  };
}
