import { describe, expect, it } from "vitest";
import { publicUrlFrom, publicUrlOf } from "../../../server/runtime/public-url.ts";
import { createTestApp, post, VALID_BODY } from "../../kit/app-fixture.ts";

const OF_PROXIES = ["X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto", "Forwarded"];

function appAt(config: { publicUrl?: string; trustedProxies: number }) {
  const { app } = createTestApp({
    publicUrl: ({ req }) => publicUrlOf({ url: req.url, header: (name) => req.header(name) }, config),
    publicUrlFrom: publicUrlFrom(config),
  });
  return app;
}

type TestedApp = ReturnType<typeof appAt>;

const varyOf = ({ headers }: Response) => (headers.get("Vary") ?? "").split(", ");

/** Every answer that tells where we are. */
const TELLING: [string, (app: TestedApp) => Promise<Response>][] = [
  ...["/tiles.json", "/tiles/safety.json", "/openapi.json", "/.well-known/security.txt"].map(
    (path): [string, (app: TestedApp) => Promise<Response>] => [path, async (app) => app.request(path)],
  ),
  ["the next page", async (app) => app.request("/api/cities/san-francisco/reports?limit=1")],
  ["a new report", (app) => post(app, VALID_BODY)],
  ["a page that is not there", async (app) => app.request("/nowhere", { headers: { Accept: "text/html" } })],
];

describe.each(TELLING)("where we are, as told by %s", (_, ask) => {
  it("is kept by no shared cache, and for whoever asks alike alone", async () => {
    for (const trustedProxies of [0, 2]) {
      const app = appAt({ trustedProxies });
      await post(app, VALID_BODY);
      await post(app, VALID_BODY);
      const answer = await ask(app);
      expect(answer.headers.get("Cache-Control")).toMatch(/\b(?:private|no-store)\b/);
      expect(answer.headers.get("Cache-Control")).not.toContain("public");
      expect(varyOf(answer)).toEqual(expect.arrayContaining(trustedProxies === 0 ? ["Host"] : ["Host", ...OF_PROXIES]));
    }
  });

  it("is anybody's where it is configured", async () => {
    const answer = await ask(appAt({ trustedProxies: 2, publicUrl: "https://maps.example" }));
    for (const name of ["Host", ...OF_PROXIES]) expect(varyOf(answer)).not.toContain(name);
  });
});

it("leaves to shared caches what tells no address", async () => {
  const { headers } = await appAt({ trustedProxies: 1 }).request("/api/places");
  expect([headers.get("Cache-Control"), headers.get("Vary")]).toEqual(["public, max-age=3600", null]);
});

describe("Strict-Transport-Security", () => {
  const sent = async (app: TestedApp, path: string, headers: Record<string, string> = {}) =>
    (await app.request(path, { headers })).headers.get("Strict-Transport-Security");

  it.each(["/healthz", "/api/places", "/nowhere", "/tiles/safety/1/0/0.pbf", "/tiles.json"])(
    "is on every answer where PUBLIC_URL is of https: %s",
    async (path) => {
      expect(await sent(appAt({ trustedProxies: 0, publicUrl: "https://maps.example" }), path)).toBe(
        "max-age=31536000",
      );
      for (const publicUrl of ["http://maps.example", "https://maps.example/stratum"]) {
        expect(await sent(appAt({ trustedProxies: 0, publicUrl }), path)).toBe(null);
      }
    },
  );

  it("is sent behind a trusted proxy that took https, and says what it depends on; never for caches to share", async () => {
    const https = { "X-Forwarded-Proto": "https" };
    const app = appAt({ trustedProxies: 1 });
    expect(await sent(app, "/healthz", https)).toBe("max-age=31536000");
    expect(varyOf(await app.request("/healthz"))).toContain("X-Forwarded-Proto");
    expect(await sent(app, "/healthz")).toBe(null);
    expect(await sent(app, "/api/places", https)).toBe(null);
    expect(await sent(app, "/tiles/safety/1/0/0.pbf", https)).toBe(null);
    expect(await sent(appAt({ trustedProxies: 0 }), "/healthz", https)).toBe(null);
  });

  it("is sent where the runtime itself is asked by https", async () => {
    expect(await sent(appAt({ trustedProxies: 0 }), "https://maps.example/healthz")).toBe("max-age=31536000");
  });
});

describe("/.well-known/security.txt", () => {
  const read = async (app: TestedApp) => (await app.request("/.well-known/security.txt")).text();

  it("is by RFC 9116: a contact, and a time less than a year ahead", async () => {
    const text = await read(appAt({ trustedProxies: 0, publicUrl: "https://maps.example" }));
    expect(text).toBe(
      "Contact: https://maps.example/about#security\nExpires: 2027-05-31T00:00:00.000Z\nPreferred-Languages: en\n" +
        "Canonical: https://maps.example/.well-known/security.txt\n",
    );
  });

  it("calls no address canonical that anybody may have made up", async () => {
    expect(await read(appAt({ trustedProxies: 1 }))).not.toContain("Canonical");
  });

  it("names whom the operator names", async () => {
    const { app } = createTestApp({ settings: { securityContact: "mailto:security@maps.example" } });
    expect(await (await app.request("/.well-known/security.txt")).text()).toContain(
      "Contact: mailto:security@maps.example\n",
    );
  });
});
