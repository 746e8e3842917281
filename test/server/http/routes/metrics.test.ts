import { describe, expect, it } from "vitest";
import { isLocalRequest } from "../../../../server/runtime/node/local-request.ts";
import { createTestApp } from "../../../kit/app-fixture.ts";

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

describe("/metrics", () => {
  it("is for this machine alone without a token", async () => {
    expect((await createTestApp({ isLocal: () => true }).app.request("/metrics")).status).toBe(200);
    const { app } = createTestApp({ isLocal: () => false });
    for (const init of [{}, bearer(""), bearer("undefined"), bearer("anything")]) {
      const answer = await app.request("/metrics", init);
      expect([answer.status, answer.headers.get("Cache-Control")]).toEqual([403, "no-store"]);
      expect(await answer.text()).not.toContain("stratum_http");
    }
  });

  it("is for whoever has the token, too", async () => {
    const settings = { metricsToken: "s3cret" };
    const { app } = createTestApp({ settings, isLocal: () => false });
    expect((await app.request("/metrics", bearer("s3cret"))).status).toBe(200);
    for (const init of [{}, bearer("s3cre"), bearer("s3crets"), { headers: { Authorization: "Basic s3cret" } }]) {
      const answer = await app.request("/metrics", init);
      expect([answer.status, answer.headers.get("WWW-Authenticate")]).toEqual([401, 'Bearer realm="stratum metrics"']);
    }
    expect((await app.request("/metrics?token=s3cret")).status).toBe(401);
    expect((await createTestApp({ settings, isLocal: () => true }).app.request("/metrics")).status).toBe(200);
  });
});

describe("isLocalRequest", () => {
  const isLocal = (peer: string | undefined, headers: Record<string, string> = {}) => {
    const sent = new Headers({ Host: "localhost:8787", ...headers });
    return isLocalRequest(peer, (name) => sent.get(name) ?? undefined);
  };

  it.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])("is true of a program here, at %s", (peer) => {
    expect(isLocal(peer)).toBe(true);
    expect(isLocal(peer, { Host: "127.0.0.1" })).toBe(true);
    expect(isLocal(peer, { Host: "[::1]:8787" })).toBe(true);
  });

  it.each([undefined, "192.0.2.1", "10.0.0.1", "2001:db8::1"])("is not of %s", (peer) => {
    expect(isLocal(peer)).toBe(false);
  });

  it.each([
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Forwarded",
    "Via",
    "X-Real-IP",
    "CF-Connecting-IP",
  ])("is not of what came through a proxy: %s", (name) => {
    expect(isLocal("127.0.0.1", { [name]: "127.0.0.1" })).toBe(false);
  });

  it("is not of a page that a browser here shows", () => {
    expect(isLocal("127.0.0.1", { Origin: "https://evil.example" })).toBe(false);
    // Whose name leads to this machine.
    expect(isLocal("127.0.0.1", { Host: "evil.example:8787" })).toBe(false);
    expect(isLocal("127.0.0.1", { Host: "127.0.0.1.evil.example" })).toBe(false);
  });
});
