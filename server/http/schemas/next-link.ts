/**
 * The `Link: rel=next` header (RFC 8288) of a page: the request's own path, as its client asked for it, with the cursor, and with its times made
 * absolute, so that "the last 24 hours" do not move while someone pages through them.
 */
export function nextLink(
  asked: string,
  nextCursor: string | undefined,
  timesMs: Readonly<Record<string, number | undefined>>,
): { Link?: string } {
  if (nextCursor === undefined) return {};
  const { pathname, searchParams } = new URL(asked, "http://any.invalid");
  searchParams.set("cursor", nextCursor);
  for (const [name, timeMs] of Object.entries(timesMs)) {
    if (timeMs !== undefined) searchParams.set(name, `${timeMs / 1000}`);
  }
  return { Link: `<${pathname}?${searchParams}>; rel="next"` };
}
