import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NoAnswerError, ServiceError } from "../../../../server/store/dynamo/wire/errors.ts";
import { createRetries } from "../../../../server/store/dynamo/wire/retries.ts";
import { runs } from "../../../kit/runs.ts";

function fault(status: number, code: string, headers: Record<string, string> = {}): ServiceError {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: "no" });
  return new ServiceError({ status, body, header: (name) => headers[name] });
}

const throttle = () => fault(400, "ThrottlingException");
const silence = () => new NoAnswerError(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));

/** Retries whose pauses pass at once, and are kept. */
function recorded(random = () => 0.999999) {
  const pauses: number[] = [];
  const retries = createRetries({ sleep: async (ms) => void pauses.push(Math.round(ms)), random });
  let attempts = 0;
  /** Fails with these first. */
  const run = (...failures: Error[]) => {
    const left = [...failures];
    return retries.run(async (attempt) => {
      attempts++;
      const failure = left.shift();
      if (failure !== undefined) throw failure;
      return attempt;
    });
  };
  return { pauses, run, attempts: () => attempts };
}

const four = (make: () => Error): Error[] => [make(), make(), make(), make()];

describe("retries", () => {
  it("are up to three, with pauses that double", async () => {
    const { run, pauses } = recorded();
    expect(await run(silence(), silence(), silence())).toBe(4);
    expect(pauses).toEqual([25, 50, 100]);
  });

  it("pause for longer after a throttle", async () => {
    const { run, pauses } = recorded();
    expect(await run(throttle(), silence(), throttle())).toBe(4);
    expect(pauses).toEqual([1000, 50, 4000]);
  });

  it("jitter over the whole pause", async () => {
    fc.assert(
      await fc.asyncProperty(fc.double({ min: 0, max: 0.999, noNaN: true }), async (share) => {
        const { run, pauses } = recorded(() => share);
        await run(throttle(), throttle());
        expect(pauses).toEqual([Math.round(1000 * share), Math.round(2000 * share)]);
      }),
      runs(50),
    );
  });

  it.each([
    ["a reset connection", silence],
    ["a throttle", throttle],
    ["a throttled partition", () => fault(400, "ProvisionedThroughputExceededException")],
    ["too many requests", () => fault(429, "Whatever")],
    ["an error of DynamoDB's own", () => fault(500, "InternalServerError")],
    ["a gateway's", () => fault(503, "")],
  ])("give up on %s after four attempts, and say so", async (_, make) => {
    const { run, attempts } = recorded();
    const last = four(make);
    await expect(run(...last)).rejects.toBe(last[3]);
    expect(last[3]).toMatchObject({ $metadata: { attempts: 4 } });
    expect(attempts()).toBe(4);
  });

  it.each([
    ["a condition that does not hold", fault(400, "ConditionalCheckFailedException")],
    ["a table that is not there", fault(400, "ResourceNotFoundException")],
    ["a wrong signature", fault(400, "InvalidSignatureException")],
    ["501", fault(501, "NotImplemented")],
    ["a fault of ours", new TypeError("ours")],
  ])("are not made of %s", async (_, error) => {
    const { run, attempts, pauses } = recorded();
    await expect(run(error)).rejects.toBe(error);
    expect([attempts(), pauses]).toEqual([1, []]);
  });

  it("wait for as long as they are asked to, but no more than five seconds longer", async () => {
    const { run, pauses } = recorded(() => 0);
    await run(
      fault(503, "", { "x-amz-retry-after": "700" }),
      fault(503, "", { "retry-after": "2" }),
      fault(503, "", { "retry-after": "3600" }),
    );
    expect(pauses).toEqual([700, 2000, 5000]);
  });

  it("stop when everything fails, and come back with successes", async () => {
    const { run, attempts } = recorded();
    for (let i = 0; i < 60; i++) await run(...four(silence)).catch(() => {});
    // 500 units, 14 a retry.
    expect(attempts()).toBe(60 + 35);
    const before = attempts();
    await run(...four(silence)).catch(() => {});
    expect(attempts() - before).toBe(1);
    for (let i = 0; i < 4; i++) await run();
    expect(await run(silence())).toBe(2);
  });

  it("give back what a retry cost that helped", async () => {
    const { run } = recorded();
    for (let i = 0; i < 200; i++) expect(await run(throttle())).toBe(2);
  });
});

describe("the service's errors", () => {
  it("are told by their code, with why a request was throttled", () => {
    const reasons = [{ reason: "TableWriteKeyRangeThroughputExceeded", resource: "arn" }];
    for (const spelling of ["ThrottlingReasons", "throttlingReasons"]) {
      const body = JSON.stringify({ __type: "a#ThrottlingException", message: "slow", [spelling]: reasons });
      const error = new ServiceError({ status: 400, body, header: () => "id" });
      expect(error).toMatchObject({ name: "ThrottlingException", message: "slow", $fault: "client" });
      expect(error.ThrottlingReasons).toEqual(reasons);
      expect(error.$metadata).toEqual({ httpStatusCode: 400, requestId: "id" });
    }
  });

  it("need no body", () => {
    for (const body of ["", "<html>", "null", "{}"]) {
      const error = new ServiceError({ status: 502, body, header: () => null });
      expect(error).toMatchObject({ name: "UnknownError", message: "DynamoDB answered 502", $fault: "server" });
    }
  });
});
