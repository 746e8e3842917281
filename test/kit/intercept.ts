import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

/** A request as the store makes it. */
export interface Intercepted {
  /** Such as "PutItemCommand". */
  readonly command: string;
  readonly input: Record<string, unknown>;
  /** Sends it, or something else in its place, and returns the answer. */
  send(input?: object): Promise<Record<string, unknown>>;
}

/** Puts a function between a store and the SDK's own path to the server: it may watch, change, delay or fail requests. */
export function intercept(
  client: DynamoDBDocumentClient,
  handle: (request: Intercepted) => Promise<Record<string, unknown>>,
): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      let response: unknown;
      const output = await handle({
        command: String(context.commandName),
        input: args.input as Record<string, unknown>,
        async send(input = args.input) {
          const result = await next({ ...args, input });
          response = result.response;
          return result.output as unknown as Record<string, unknown>;
        },
      });
      return { response, output: { $metadata: {}, ...output } };
    },
    { step: "initialize", name: "intercept" },
  );
}
