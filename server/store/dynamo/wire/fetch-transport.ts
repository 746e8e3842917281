import type { Transport, TransportOptions } from "./transport.ts";

/** Over `fetch`, for workerd, which keeps connections by itself. */
export function openFetchTransport({ endpoint, requestTimeoutMs }: TransportOptions): Transport {
  return {
    async post({ host: _, ...headers }, body) {
      const signal = AbortSignal.timeout(requestTimeoutMs);
      const response = await fetch(endpoint, { method: "POST", headers, body, signal });
      const header = (name: string) => response.headers.get(name);
      return { status: response.status, body: await response.text(), header };
    },
    destroy() {},
  };
}
