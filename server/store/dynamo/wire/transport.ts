/** A way to an endpoint over which requests are posted. */
export interface Transport {
  /** Rejects when no answer came, or not all of it in time. */
  post(headers: Readonly<Record<string, string>>, body: string): Promise<WireAnswer>;
  /** Closes connections as soon as nothing is under way on them. */
  destroy(): void;
}

export interface WireAnswer {
  readonly status: number;
  readonly body: string;
  /** By its lower-case name. */
  header(name: string): string | null | undefined;
}

export interface TransportOptions {
  readonly endpoint: URL;
  /** Until an answer begins, and again until all of it is there. */
  readonly requestTimeoutMs: number;
}

export type OpenTransport = (options: TransportOptions) => Transport;
