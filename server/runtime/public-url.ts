import { ADDRESS_HEADERS, type ForwardedOptions, readForwarded } from "./forwarded.ts";

/** What is asked, as far as its address goes. */
interface Asked {
  readonly url: string;
  header(name: string): string | undefined;
}

export interface PublicUrlOptions extends ForwardedOptions {
  /** Where clients find us, whatever a proxy says; without a slash at the end. */
  readonly publicUrl?: string;
}

/**
 * Scheme, host and path under which a request's client finds us, without a slash at the end: `https://maps.example/stratum`. Our
 * answers' addresses begin with it, and a page on https loads no tiles from http. It is the configured one; or what the trusted
 * proxies tell (`readForwarded`); or the request's own.
 */
export function publicUrlOf({ url, header }: Asked, options: PublicUrlOptions): string {
  if (options.publicUrl !== undefined) return options.publicUrl;
  const own = new URL(url);
  if (options.trustedProxies === 0) return own.origin;
  const { scheme, host, port, prefix } = readForwarded(header, options);
  // As browsers write it, without a default port.
  const told = new URL(`${scheme ?? own.protocol.slice(0, -1)}://${host ?? own.host}`);
  // Who names a port behind a host means it.
  if (port !== undefined && !/:\d+$/.test(host ?? own.host)) told.port = port;
  return told.origin + prefix;
}

/** Headers of a request that its public address depends on: none where that is configured. */
export function publicUrlFrom({ publicUrl, trustedProxies }: PublicUrlOptions): readonly string[] {
  if (publicUrl !== undefined) return [];
  return trustedProxies === 0 ? ["Host"] : [...ADDRESS_HEADERS.filter((name) => name !== "X-Forwarded-For"), "Host"];
}
