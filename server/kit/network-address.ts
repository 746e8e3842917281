import ipaddr from "ipaddr.js";

/** An address with the port of a connection behind it, as some proxies write it: another one for each connection. */
const WITH_PORT = /^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/;

/**
 * What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, since every line gets that many
 * addresses to choose from. What is neither is taken as it is; so is a network that was named before.
 */
export function networkOf(address: string): string {
  const [, inBrackets, beforePort] = WITH_PORT.exec(address) ?? [];
  const bare = inBrackets ?? beforePort ?? address;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return bare;
  if (!ipaddr.IPv6.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return parsed.parts
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":");
}

/**
 * What counts as one person's line: an IPv4 address, or the first 56 bits of an IPv6 address, which is what providers give to a household.
 * @param address or network, as `networkOf` names it
 */
export function lineOf(address: string): string {
  const [first, second, third, fourth, ...more] = networkOf(address).split(":");
  if (fourth === undefined || more.length > 0) return networkOf(address);
  return [first, second, third, (Number.parseInt(fourth, 16) & 0xff00).toString(16)].join(":");
}
