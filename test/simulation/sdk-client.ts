import type { DocumentClient, Operation } from "../../server/store/dynamo/wire/document-client.ts";
import type { CommandInput } from "./database.ts";
import { isRetryable, isThrottle, withAttempts } from "./sdk-errors.ts";
import { currentTask, type Host, isOver, type Task } from "./task.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** One attempt of a command. */
export interface Call {
  readonly task: Task;
  readonly host: Host;
  /** No other attempt has it. */
  readonly label: string;
  /** Such as "Put". */
  readonly command: string;
  readonly input: CommandInput;
}

export interface SdkClientOptions {
  readonly host: Host;
  readonly time: VirtualTime;
  /** Sends it once. Rejects as the SDK's handler does, or never ends when its task is over. */
  readonly attempt: (call: Call) => Promise<object>;
}

/** As `dynamo-client.ts` has it. */
const MAX_ATTEMPTS = 4;
/** The SDK's standard retry: the base doubles with every attempt, with full jitter. */
const RETRY_BASE_MS = 100;
const THROTTLED_BASE_MS = 500;

/** The document client of a process, as far as the store uses it: it tries again as the SDK does. */
export function createSdkClient({ host, time, attempt }: SdkClientOptions): DocumentClient {
  async function send(operation: Operation, input: object): Promise<object> {
    const task = currentTask();
    const command = operation.replace(/Item$/, "");
    const number = task.nextRequest();
    for (let attempts = 1; ; attempts++) {
      // What dies in the middle of a step does not take the next one.
      if (isOver(task)) return new Promise(() => {});
      const label = `${task.name}/${number}.${attempts}`;
      try {
        return {
          ...(await attempt({ task, host, label, command, input: input as CommandInput })),
          $metadata: { attempts },
        };
      } catch (error) {
        if (!isRetryable(error) || attempts === MAX_ATTEMPTS) throw withAttempts(error, attempts);
        const baseMs = isThrottle(error) ? THROTTLED_BASE_MS : RETRY_BASE_MS;
        const waitMs = task.random.next() * baseMs * 2 ** attempts;
        await new Promise<void>((resolve) => time.resume(task, time.now() + waitMs, resolve));
      }
    }
  }
  return { send, destroy: () => {} } as unknown as DocumentClient;
}
