import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Listener, openListener } from "../../../server/runtime/node/listener.ts";
import { createTestApp } from "../../kit/app-fixture.ts";
import { exchange } from "../../kit/raw-http.ts";

const REPORT = '{"layer":"safety","category":"theft","severity":3,"lat":1,"lon":1}';
const HOST = "Host: a\r\n";
/** Behind every case: whether it is answered tells whether the connection lives on, and at the right byte. */
const LAST = `GET /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
/** Would be the answer to a request that was smuggled in. */
const SMUGGLED = `GET /api/places HTTP/1.1\r\n${HOST}\r\n`;

const get = (path: string, headers = "", version = "1.1") => `GET ${path} HTTP/${version}\r\n${HOST}${headers}\r\n`;
const post = (headers: string, body: string, version = "1.1") =>
  `POST /api/reports HTTP/${version}\r\n${HOST}Content-Type: application/json\r\n${headers}\r\n${body}`;
const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const CHUNKED = "Transfer-Encoding: chunked\r\n";
const length = (n: number | string) => `Content-Length: ${n}\r\n`;

let listener: Listener;
beforeAll(async () => {
  listener = await openListener("127.0.0.1", 0, createTestApp().app.fetch);
});
afterAll(() => listener?.close(0));

async function check(bytes: string, statuses: readonly number[]): Promise<void> {
  const answers = await exchange(listener.url, bytes + LAST);
  expect(answers.map(({ status }) => status)).toEqual(statuses);
  for (const { status, headers, body } of answers.filter((answer) => answer.status >= 400)) {
    expect(headers.get("Content-Type")).toBe("application/problem+json");
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(JSON.parse(body)).toMatchObject({ status, title: expect.stringMatching(/^(?!Error$)/) });
  }
}

describe("a request that may be read in two ways is refused, and what follows is not read as another", () => {
  it.each<[string, string, number]>([
    ["a length beside chunks", post(length(5) + CHUNKED, `0\r\n\r\n${SMUGGLED}`), 400],
    ["chunks beside a length", post(CHUNKED + length(5), `0\r\n\r\n${SMUGGLED}`), 400],
    ["two lengths", post(length(5) + length(6), `aaaaaa${SMUGGLED}`), 400],
    ["the same length twice", post(length(REPORT.length) + length(REPORT.length), REPORT), 400],
    ["a list of lengths", post(length(`${REPORT.length}, ${REPORT.length}`), REPORT), 400],
    ["a signed length", post(length("+5"), "aaaaa"), 400],
    ["a negative length", post(length(-1), SMUGGLED), 400],
    ["a length in hexadecimal", post(length("0x5"), "aaaaa"), 400],
    ["a length beyond all numbers", post(length("99999999999999999999"), "aaaaa"), 400],
    ["a coding behind chunked", post("Transfer-Encoding: chunked, identity\r\n", `0\r\n\r\n${SMUGGLED}`), 400],
    ["two codings", post(`${CHUNKED}Transfer-Encoding: identity\r\n`, `0\r\n\r\n${SMUGGLED}`), 400],
    ["an unknown coding", post("Transfer-Encoding: xchunked\r\n", `0\r\n\r\n${SMUGGLED}`), 501],
    ["a coding below chunked", post("Transfer-Encoding: gzip, chunked\r\n", chunked(REPORT)), 501],
    ["chunks of HTTP/1.0", post(CHUNKED, chunked(REPORT), "1.0"), 400],
    ["chunks without a number", post(CHUNKED, `zz\r\nabc\r\n0\r\n\r\n${SMUGGLED}`), 400],
    ["chunks longer than they say", post(CHUNKED, `5\r\nabcdefgh\r\n0\r\n\r\n${SMUGGLED}`), 400],
    ["chunks beyond all numbers", post(CHUNKED, "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 400],
    ["chunks of bare line feeds", post(CHUNKED, `${REPORT.length.toString(16)}\n${REPORT}\n0\n\n`), 400],
    ["a space before a colon", get("/healthz", "X-A : b\r\n"), 400],
    ["a folded line", get("/healthz", "X-A: b\r\n c\r\n"), 400],
    ["bare line feeds", "GET /healthz HTTP/1.1\nHost: a\n\n", 400],
    ["a bare carriage return", get("/healthz", "X-A: b\rc\r\n"), 400],
    ["a NUL", get("/healthz", "X-A: b\0c\r\n"), 400],
    ["two hosts", get("/healthz", "Host: b\r\n"), 400],
    ["the same host twice", get("/healthz", HOST), 400],
    ["no host in HTTP/1.1", "GET /healthz HTTP/1.1\r\n\r\n", 400],
    [
      "a host that is none, and a body",
      `POST / HTTP/1.1\r\nHost: a b\r\n${length(SMUGGLED.length)}\r\n${SMUGGLED}`,
      400,
    ],
    ["long headers", get("/healthz", `X-A: ${"x".repeat(20_000)}\r\n`), 431],
    ["many headers", get("/healthz", "X-Header: value\r\n".repeat(2_000)), 431],
    ["a long address", get(`/${"a".repeat(20_000)}`), 431],
    ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
    ["HTTP/2 in name", get("/healthz", "", "2.0"), 505],
    ["HTTP/0.9", "GET /healthz\r\n\r\n", 505],
    ["a version that is none", get("/healthz", "", "1.2"), 400],
    ["a method that is none", `get /healthz HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a tunnel", `CONNECT a:443 HTTP/1.1\r\n${HOST}\r\n`, 405],
    ["an unknown expectation", post(`Expect: 200-ok\r\n${length(REPORT.length)}`, REPORT), 417],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["letters outside of ASCII in the address", get("/\xc3\xa9"), 400],
    ["an absolute address of no host", get("http://a:99999/healthz"), 400],
  ])("%s", async (_, bytes, status) => {
    await check(bytes, [status]);
  });
});

describe("a request that is odd and clear is answered, and the connection goes on", () => {
  it.each<[string, string, number[]]>([
    ["chunks", post(CHUNKED, chunked(REPORT)), [201]],
    ["chunks with extensions", post(CHUNKED, chunked(REPORT).replace("\r\n", ";a=b\r\n")), [201]],
    ["a tab before chunked", post("Transfer-Encoding:\tchunked\r\n", chunked(REPORT)), [201]],
    ["100-continue", post(`Expect: 100-continue\r\n${length(REPORT.length)}`, REPORT), [100, 201]],
    ["a GET with a body", get("/healthz", length(SMUGGLED.length)) + SMUGGLED, [200]],
    [
      "a POST to nowhere with a body",
      `POST /nowhere HTTP/1.1\r\n${HOST}${length(SMUGGLED.length)}\r\n${SMUGGLED}`,
      [404],
    ],
    ["a body that is too long", post(length(100_000), "a".repeat(100_000)), [413]],
    ["an absolute address", get("http://a/healthz"), [200]],
    ["an absolute address that is not of HTTP", get("ftp://a/healthz"), [400]],
    ["all of the server", `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, [400]],
    ["TRACE", `TRACE /healthz HTTP/1.1\r\n${HOST}X-Secret: 1\r\n\r\n`, [405]],
    ["HTTP/1.0 without a host, kept alive", "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200]],
    ["a percent sign alone", get("/%zz"), [404]],
    ["empty lines before it", `\r\n\r\n${get("/healthz")}`, [200]],
    ["three in a row", get("/healthz") + get("/api/cities") + get("/nowhere"), [200, 200, 404]],
  ])("%s", async (_, bytes, statuses) => {
    await check(bytes, [...statuses, 200]);
  });
});

describe("answers come in turn", () => {
  it.each<[string, string, number[]]>([
    // Whoever sent the first would else take the last for its answer, and send it again.
    ["a report before nonsense", `${post(length(REPORT.length), REPORT)}NONSENSE\r\n\r\n`, [201, 400]],
    ["a list before no host", `${get("/healthz")}GET /healthz HTTP/1.1\r\n\r\n`, [200, 400]],
    [
      "two before a tunnel",
      `${get("/healthz")}${get("/nowhere")}CONNECT a:443 HTTP/1.1\r\n${HOST}\r\n`,
      [200, 404, 405],
    ],
  ])("%s", async (_, bytes, statuses) => {
    await check(bytes, statuses);
  });

  it("closes behind HTTP/1.0", async () => {
    await check("GET /healthz HTTP/1.0\r\n\r\n", [200]);
  });
});

describe("nothing that is sent becomes a header of its own", () => {
  it.each([
    ["a request id", get("/healthz", "X-Request-Id: a\tb<script>\r\n")],
    ["line ends in an address that is moved", get("/%0d%0aX-Evil:%201//")],
    ["line ends in a parameter", get("/api/cities/austin/reports?limit=1&x=%0d%0aX-Evil:%201")],
    [
      "headers that a preflight asks for",
      `OPTIONS / HTTP/1.1\r\n${HOST}Origin: a\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: a\tX-Evil: 1\r\n\r\n`,
    ],
    ["another site in an address", get("//evil.example//")],
    ["a backslash in an address", get("/%5cevil.example//")],
  ])("%s", async (_, bytes) => {
    for (const { headers } of await exchange(listener.url, bytes + LAST)) {
      expect(headers.has("X-Evil")).toBe(false);
      expect(headers.get("X-Request-Id")).toMatch(/^[\w=-]{1,64}$/);
      const moved = new URL(headers.get("Location") ?? "", `${listener.url}/`);
      expect(moved.host).toBe(new URL(listener.url).host);
    }
  });
});
