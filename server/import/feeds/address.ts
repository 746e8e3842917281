import { OperatorError } from "../../console/operator-error.ts";

/** Whether what is to be imported is fetched from the Web, rather than a file. */
export const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(text);

/** @throws OperatorError when it is none of http or https. */
export function parseAddress(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new OperatorError(`${withoutCredentials(text)} is not an address.`);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new OperatorError(
      `Only http and https are fetched, not ${url.protocol.slice(0, -1)}: download the file first.`,
    );
  }
  return url;
}

/** An address as it may be printed and kept: names, passwords and keys may be before its host and behind its `?`. */
export function shownAddress({ origin, pathname, search }: URL): string {
  return `${origin}${pathname}${search === "" ? "" : "?..."}`;
}

const withoutCredentials = (text: string): string => text.replace(/\/\/[^/]*@/, "//").replace(/\?.*/s, "?...");

/** Headers that the name and the password in an address stand for. */
export function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}
