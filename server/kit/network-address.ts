import ipaddr from "ipaddr.js";

/** An address with the port of a connection behind it, as some proxies write it: another one for each connection. */
const WITH_PORT = /^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/;

/**
 * What counts as one client: an IPv4 address, or the first 56 bits of an IPv6 address, since every line gets that many
 * networks to choose from. What is neither is taken as it is; so is a network that was named before.
 */
export function networkOf(address: string): string {
  const [, inBrackets, beforePort] = WITH_PORT.exec(address) ?? [];
  const bare = inBrackets ?? beforePort ?? address;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return bare;
  if (!ipaddr.IPv6.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const [first = 0, second = 0, third = 0, fourth = 0] = parsed.parts;
  return [first, second, third, fourth & 0xff00].map((group) => group.toString(16)).join(":");
}
