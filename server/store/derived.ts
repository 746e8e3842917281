/** DynamoDB's limit for an item, names and values of its attributes together. */
const MAX_ITEM_BYTES = 400 * 1024;
/** Names of the attributes, and the version and the expiry at the longest that DynamoDB counts a number. */
const FIXED_BYTES = "pksk".length + "derived#".length + "body".length + "v".length + "expires_at".length + 2 * 21;

const utf8 = new TextEncoder();

/**
 * Holds every adapter to what DynamoDB takes, so that a test in memory finds what production would refuse.
 * @throws RangeError that names the item, when it is too large or has no name.
 */
export function checkDerivedItem(group: string, name: string, body: Uint8Array): void {
  if (name === "") throw new RangeError(`an item of derived group "${group}" has no name`);
  const bytes = FIXED_BYTES + utf8.encode(group + name).length + body.length;
  if (bytes <= MAX_ITEM_BYTES) return;
  throw new RangeError(`derived item "${group}" / "${name}" takes ${bytes} bytes of at most ${MAX_ITEM_BYTES}`);
}

/** The store may drop an item from `expiresAtMs` on; by whole seconds, which is what DynamoDB's TTL knows. */
export function isKept(expiresAtSeconds: number | undefined, nowMs: number): boolean {
  return expiresAtSeconds === undefined || nowMs < expiresAtSeconds * 1000;
}
