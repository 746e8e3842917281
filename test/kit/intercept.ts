import type { DocumentClient, Operation } from "../../server/store/dynamo/wire/document-client.ts";

/** A request as the store makes it. */
export interface Intercepted {
  readonly operation: Operation;
  readonly input: Record<string, unknown>;
  /** Sends it, or something else in its place, and returns the answer. */
  send(input?: object): Promise<Record<string, unknown>>;
}

type Send = (operation: Operation, input: object) => Promise<Record<string, unknown>>;

/** Puts a function between a store and its client: it may watch, change, delay or fail requests. */
export function intercept(
  client: DocumentClient,
  handle: (request: Intercepted) => Promise<Record<string, unknown>>,
): void {
  const send = client.send as unknown as Send;
  const intercepted: Send = async (operation, input) => {
    const request = { operation, input: input as Record<string, unknown> };
    const output = await handle({ ...request, send: (changed = input) => send(operation, changed) });
    return { $metadata: {}, ...output };
  };
  client.send = intercepted as unknown as DocumentClient["send"];
}
