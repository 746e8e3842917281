import type { createStripeApi } from "./stripe-api.ts";
import type { StripeWorld } from "./stripe-world.ts";

/** A page, or where its form leads. */
export type PageAnswer = { readonly html: string } | { readonly location: string };

const page = (title: string, body: string): PageAnswer => ({
  html: `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>`,
});
const button = (value: string, label: string) =>
  `<button name="do" value="${value}" data-testid="${value}">${label}</button> `;
const form = (...buttons: readonly string[]) => `<form method="post">${buttons.join("")}</form>`;

/** The pages of a checkout and of the portal, with a button for whatever people do there. */
export function createStripePages(world: StripeWorld, { portals }: ReturnType<typeof createStripeApi>) {
  function checkoutPage(id: string, action: string | null): PageAnswer | undefined {
    const session = world.sessions.get(id);
    if (session === undefined) return undefined;
    if (action === "cancel") return { location: session.cancel_url };
    if (session.status !== "open") return page("This checkout is over", "");
    if (action === "pay") {
      world.pay(id);
      return { location: session.success_url };
    }
    const amount = (world.prices.get(session.price)?.unit_amount ?? 0) / 100;
    return page(`Pay $${amount} a month`, form(button("pay", "Pay"), button("cancel", "Go back")));
  }

  function portalPage(id: string, action: string | null): PageAnswer | undefined {
    const portal = portals.get(id);
    if (portal === undefined) return undefined;
    if (action === "return") return { location: portal.return_url };
    const mine = [...world.subscriptions.values()].filter(({ customer }) => customer === portal.customer);
    const current = mine.findLast(({ status }) => status !== "canceled");
    if (current !== undefined && action === "cancel") world.cancel(current.id);
    if (current !== undefined && action === "resume") world.resume(current.id);
    if (current !== undefined && action === "settle") world.settle(current.id);
    const price = [...world.prices.values()].find(({ product }) => product === action);
    if (current !== undefined && price !== undefined) world.changePrice(current.id, price);
    const state = current === undefined ? "no subscription" : `${current.status}, ends ${current.cancel_at ?? "never"}`;
    const plans = [...world.products].map((product) => button(product, product));
    const buttons = [button("cancel", "Cancel"), button("resume", "Resume"), button("settle", "Pay what is due")];
    return page("Billing", `<p>${state}</p>${form(...buttons, ...plans, button("return", "Return"))}`);
  }

  /** Undefined when there is no such page. @param action the button that was pressed */
  return (pathname: string, action: string | null): PageAnswer | undefined => {
    const [, kind, id = ""] = pathname.split("/");
    if (kind === "pay") return checkoutPage(id, action);
    return kind === "portal" ? portalPage(id, action) : undefined;
  };
}
