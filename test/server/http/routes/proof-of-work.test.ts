import { type Challenge, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";
import { beforeEach, describe, expect, it } from "vitest";
import { PROOF_LIFETIME_MS } from "../../../../server/reports/proof-of-work.ts";
import { createTestApp, post, readJson, VALID_BODY } from "../../../kit/app-fixture.ts";

interface Wanted {
  readonly type: string;
  readonly challenge: Challenge;
}

/** A fifth of these is what one client may send in a minute. */
const REPORTS_PER_MINUTE = 20;
const CALM = 4;

const solve = async (challenge: Challenge): Promise<string> =>
  btoa(JSON.stringify({ challenge, solution: await solveChallenge({ challenge, deriveKey }) }));

describe("proof of work", () => {
  let test: ReturnType<typeof createTestApp>;
  const open = (store?: typeof test.store, reportsPerMinute = REPORTS_PER_MINUTE) =>
    createTestApp({
      ...(store && { store, clock: test.clock }),
      settings: { reportsPerMinute, flagsPerMinute: 4, flagsToHide: 100, proofOfWork: true },
    });
  beforeEach(() => {
    test = open();
  });
  const send = (headers: Record<string, string> = {}, { app } = test) => post(app, VALID_BODY, headers);
  const fill = async () => {
    for (let i = 0; i < CALM; i++) expect((await send()).status).toBe(201);
  };
  const want = async (headers: Record<string, string> = {}): Promise<Challenge> => {
    const response = await send(headers);
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const { type, challenge } = await readJson<Wanted>(response);
    expect(type).toBe("urn:stratum:problem:proof-wanted");
    return challenge;
  };

  it("is never asked for in calm times, and only of the client of a burst", async () => {
    await fill();
    await want();
    expect((await send({ "x-test-address": "198.51.100.9" })).status).toBe(201);
    test.clock.nowMs += 60_000;
    await fill();
  });

  it("lets one request through, and with an Idempotency-Key its repetitions", async () => {
    await fill();
    const proof = await solve(await want());
    expect((await send({ "Proof-Of-Work": proof })).status).toBe(201);
    await want({ "Proof-Of-Work": proof });

    const keyed = { "Idempotency-Key": "0123456789abcdef-proof", "Proof-Of-Work": await solve(await want()) };
    const first = await send(keyed);
    expect(first.status).toBe(201);
    const again = await send(keyed);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    await want({ ...keyed, "Idempotency-Key": "0123456789abcdef-other" });
  });

  it("is taken by every process of the store", async () => {
    await fill();
    const other = open(test.store);
    for (let i = 0; i < CALM; i++) await send({}, other);
    const proof = await solve(await want());
    expect((await send({ "Proof-Of-Work": proof }, other)).status).toBe(201);
    await want({ "Proof-Of-Work": proof });
  });

  it("holds for one network and ten minutes", async () => {
    await fill();
    const elsewhere = { "x-test-address": "198.51.100.9" };
    for (let i = 0; i < CALM; i++) await send(elsewhere);
    const proof = await solve(await want());
    await want({ ...elsewhere, "Proof-Of-Work": proof });
    test.clock.nowMs += PROOF_LIFETIME_MS + 1;
    await fill();
    await want({ "Proof-Of-Work": proof });
  });

  it("is taken over midnight", async () => {
    test.clock.nowMs = Date.UTC(2026, 5, 1, 23, 59, 59, 500);
    await fill();
    const proof = await solve(await want());
    test.clock.nowMs += 1_000;
    expect((await send({ "Proof-Of-Work": proof })).status).toBe(201);
  });

  it("refuses puzzles of others, changed ones and what is none, with another puzzle", async () => {
    test = open(undefined, 5 * REPORTS_PER_MINUTE);
    for (let i = 0; i < 5 * CALM; i++) await send();
    const challenge = await want();
    const { parameters } = challenge;
    const solution = await solveChallenge({ challenge, deriveKey });
    const forged = [
      { challenge: { ...challenge, signature: "0".repeat(64) }, solution },
      { challenge: { ...challenge, parameters: { ...parameters, keyPrefix: "" } }, solution },
      { challenge: { ...challenge, parameters: { ...parameters, cost: 1 } }, solution },
      { challenge: { parameters }, solution },
      { challenge, solution: { ...solution, derivedKey: "00" } },
      { challenge, solution: { ...solution, counter: "1" } },
      { challenge: { ...challenge, parameters: { ...parameters, data: { day: "1999-01-01" } } }, solution },
      { challenge },
      null,
      [],
    ];
    for (const answer of forged) await want({ "Proof-Of-Work": btoa(JSON.stringify(answer)) });
    for (const text of ["", "%", "x".repeat(5_000)]) await want({ "Proof-Of-Work": text });
  });

  it("is asked of everybody while all together send far more than usual", async () => {
    const from = (i: number) => send({ "x-test-address": `198.18.${i}.1` });
    for (let i = 0; i < CALM * 10; i++) expect((await from(i)).status).toBe(201);
    expect((await from(250)).status).toBe(429);
    test.clock.nowMs += 60_000;
    expect((await from(250)).status).toBe(201);
  });

  it("is asked of all of a network, whose clients together send as much as one may", async () => {
    const from = (address: string) => send({ "x-test-address": address });
    for (let i = 0; i < CALM; i++) expect((await from(`198.51.100.${i}`)).status).toBe(201);
    expect((await from("198.51.100.77")).status).toBe(429);
    expect((await from("198.51.101.77")).status).toBe(201);
  });

  it("is asked for flags too", async () => {
    const flag = (id: string, headers = {}) => test.app.request(`/api/reports/${id}/flag`, { method: "POST", headers });
    const { id } = await readJson(send());
    expect((await flag(id)).status).toBe(202);
    expect((await flag(id)).status).toBe(202);
    const { challenge } = await readJson<Wanted>(flag(id));
    expect((await flag(id, { "Proof-Of-Work": await solve(challenge) })).status).toBe(202);
  });

  it("leaves the hard limit where it is", async () => {
    await fill();
    for (let i = CALM; i < REPORTS_PER_MINUTE; i++) await send();
    const response = await send();
    expect(response.status).toBe(429);
    expect((await readJson<Wanted>(response)).type).toBe("about:blank");
  });
});
