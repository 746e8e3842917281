import ipaddr from "ipaddr.js";

/** An address with the port of a connection behind it, as some proxies write it: another one for each connection. `_p1` as in RFC 7239. */
const WITH_PORT = /^\[([^\]]+)\](?::[\w.-]+)?$|^([\d.]+):[\w.-]+$/;
/** The longest form of an address, with brackets, a zone and a port. */
const MAX_LENGTH = 100;
/** The one bucket of all that is no address. */
const UNKNOWN = "unknown";

/** RFC 6052: under these 96 bits an IPv6 network names the IPv4 addresses that it translates for (NAT64). */
const NAT64 = ipaddr.parseCIDR("64:ff9b::/96") as [ipaddr.IPv6, number];

/** The first bits of an IPv6 address that are one household's or one small site's, as providers give them out. */
const LINE_GROUPS = 4;
const LINE_MASK = 0xff00;
/** The first that are one customer's at most: who has a /48 has 65 536 networks to speak from. */
const SITE_GROUPS = 3;
/** RFC 3056: the IPv4 address that one speaks from stands behind these 16 bits (6to4). */
const SIX_TO_FOUR = ipaddr.parseCIDR("2002::/16") as [ipaddr.IPv6, number];
/** RFC 4380: behind these 32 bits stand a server of one's choice and an address that nobody checks (Teredo). */
const TEREDO = ipaddr.parseCIDR("2001::/32") as [ipaddr.IPv6, number];
/** The smallest IPv4 network that the internet routes by itself: who has one address of it often has all. */
const SITE_OCTETS = 3;

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, inBrackets, beforePort] = WITH_PORT.exec(text) ?? [];
  const bare = inBrackets ?? beforePort ?? text;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  if (!ipaddr.IPv6.isValid(bare)) return undefined;
  const parsed = ipaddr.IPv6.parse(bare);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address();
  return parsed.match(NAT64) ? new ipaddr.IPv4(parsed.toByteArray().slice(12)) : parsed;
}

const hex = (groups: readonly number[]): string => groups.map((group) => group.toString(16)).join(":");

/**
 * The address that a text names, with or without brackets, port and zone: IPv4 inside of IPv6 (mapped, or of NAT64) as that. One address
 * has one spelling. Undefined for all else.
 */
export function addressOf(text: string): string | undefined {
  const parsed = parse(text);
  return parsed instanceof ipaddr.IPv6 ? hex(parsed.parts) : parsed?.toString();
}

const siteOfIpv4 = (octets: readonly number[]): string => `${octets.slice(0, SITE_OCTETS).join(".")}.0/24`;

/** Whether an address is this machine's own. */
export function isLoopback(text: string): boolean {
  return parse(text)?.range() === "loopback";
}

/**
 * What counts as one client wherever something is limited: an IPv4 address, or the first 56 bits of an IPv6 address, which is what
 * providers give to a household. All that is no address is one client.
 */
export function lineOf(address: string): string {
  const parsed = parse(address);
  if (parsed === undefined) return UNKNOWN;
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const [fourth = 0] = parsed.parts.slice(LINE_GROUPS - 1, LINE_GROUPS);
  return `${hex([...parsed.parts.slice(0, LINE_GROUPS - 1), fourth & LINE_MASK])}::/56`;
}

/**
 * What counts as one voice wherever several have to agree: the first 24 bits of an IPv4 address, the first 48 of an IPv6 address. 6to4 is a
 * voice of its IPv4 network, which has a /48 for each address; all of Teredo is one, and so is all of `64:ff9b:1::/48`.
 */
export function siteOf(address: string): string {
  const parsed = parse(address);
  if (parsed === undefined) return UNKNOWN;
  if (parsed instanceof ipaddr.IPv4) return siteOfIpv4(parsed.octets);
  if (parsed.match(SIX_TO_FOUR)) return siteOfIpv4(parsed.toByteArray().slice(2));
  if (parsed.match(TEREDO)) return "2001:0::/32";
  return `${hex(parsed.parts.slice(0, SITE_GROUPS))}::/48`;
}
