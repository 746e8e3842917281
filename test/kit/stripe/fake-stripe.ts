import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Stripe } from "stripe";
import { createStripeApi } from "./stripe-api.ts";
import { createStripePages } from "./stripe-pages.ts";
import { createStripeWorld, type FakeEvent, type StripeWorld } from "./stripe-world.ts";

export const SECRET_KEY = "sk_test_fake";
export const WEBHOOK_SECRET = "whsec_fake";

/** What one sends to a webhook. */
export interface SignedEvent {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A stand-in for Stripe: a server that the SDK talks to, with a page that pays (`/pay/ID`, buttons `pay` and `cancel`) and the portal (`/portal/ID`, buttons
 * `cancel`, `resume`, `settle`, `stratum_agent`, `stratum_city`, `return`; each button has its name as `data-testid`).
 */
export interface FakeStripe {
  readonly url: string;
  /** For a server that takes money here. */
  readonly env: Readonly<Record<"STRIPE_SECRET_KEY" | "STRIPE_WEBHOOK_SECRET" | "STRIPE_API_BASE", string>>;
  /** What it holds; what people do, and the passing of periods, are its methods. */
  readonly world: StripeWorld;
  /** Requests to the API, as `POST customers`. */
  readonly requests: readonly string[];
  /** From now on events are sent there, one behind the other, as they happen. */
  sendEventsTo(webhookUrl: string): void;
  /** Resolves when all that happened was sent. Rejects when something of it was not taken, now or before. */
  sent(): Promise<void>;
  sign(event: FakeEvent, change?: { readonly secret?: string; readonly atMs?: number }): SignedEvent;
  /** From now on each answer of the API is held back until this is done; when it rejects, the answer is lost, and 500 is sent. */
  holdAnswers(until: ((request: string) => Promise<void>) | undefined): void;
  close(): Promise<void>;
}

const LOST = { status: 500, body: { error: { type: "api_error", message: "it was lost" } } };

const SDK = new Stripe(SECRET_KEY);

/** @param now its clock, Unix milliseconds */
export async function startFakeStripe(now: () => number = Date.now): Promise<FakeStripe> {
  const requests: string[] = [];
  let webhookUrl: string | undefined;
  let sending: Promise<void> = Promise.resolve();
  let refusal: unknown;
  let onAnswer: ((request: string) => Promise<void>) | undefined;
  let url = "";

  const world = createStripeWorld(now, (event) => {
    const to = webhookUrl;
    if (to === undefined) return;
    sending = sending
      .then(() => send(to, sign(event)))
      .catch((error: unknown) => {
        refusal ??= error;
      });
  });
  const api = createStripeApi(world, () => url);
  const pageOf = createStripePages(world, api);

  function sign(event: FakeEvent, { secret = WEBHOOK_SECRET, atMs = now() } = {}): SignedEvent {
    const body = JSON.stringify(event);
    const timestamp = Math.floor(atMs / 1000);
    const signature = SDK.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
    return { body, headers: { "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature } };
  }

  async function answerApi(request: IncomingMessage, response: ServerResponse, at: URL): Promise<void> {
    const name = `${request.method} ${at.pathname.replace(/^\/v1\//, "")}`;
    requests.push(name);
    const isKnown = request.headers.authorization === `Bearer ${SECRET_KEY}`;
    const answer = isKnown ? api.answer(request.method ?? "", at, await text(request)) : undefined;
    const status = isKnown ? 404 : 401;
    const unknown = { status, body: { error: { type: "invalid_request_error", message: name } } };
    // As it is now: what happens while it is held back is not in it.
    const held = structuredClone(answer ?? unknown);
    const isLost = await Promise.resolve(onAnswer?.(name)).then(
      () => false,
      () => true,
    );
    const { status: told, body: object } = isLost ? LOST : held;
    // Stripe's own servers say whether to try again.
    response.writeHead(told, { "Content-Type": "application/json", "Stripe-Should-Retry": "false" });
    response.end(JSON.stringify(object));
  }

  async function answerPage(request: IncomingMessage, response: ServerResponse, at: URL): Promise<void> {
    const action = request.method === "POST" ? new URLSearchParams(await text(request)).get("do") : null;
    const answer = pageOf(at.pathname, action);
    if (answer === undefined) return void response.writeHead(404).end();
    // A webhook comes before or behind its customer; here before.
    await sending;
    if ("location" in answer) return void response.writeHead(303, { Location: answer.location }).end();
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(answer.html);
  }

  const server = createServer((request, response) => {
    const at = new URL(request.url ?? "/", url);
    const answering = at.pathname.startsWith("/v1/") ? answerApi : answerPage;
    answering(request, response, at).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  url = `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`;

  return {
    url,
    env: { STRIPE_SECRET_KEY: SECRET_KEY, STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET, STRIPE_API_BASE: url },
    world,
    requests,
    sendEventsTo: (to) => {
      webhookUrl = to;
    },
    async sent() {
      await sending;
      if (refusal !== undefined) throw refusal;
    },
    sign,
    holdAnswers: (until) => {
      onAnswer = until;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function send(to: string, { body, headers }: SignedEvent): Promise<void> {
  const { status } = await fetch(to, { method: "POST", body, headers });
  if (status !== 200) throw new Error(`the webhook answered ${status}`);
}
