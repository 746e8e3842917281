/** `too-many-tries`: of a password, or for mails. `mail-off`: no mail can be sent. `demo`: the demo account may not. `demo-coming`: it is still being made. */
export type AuthRefusal = "too-many-tries" | "mail-off" | "demo" | "demo-coming";

/** We do not even ask better-auth. */
export class AuthRefusedError extends Error {
  override readonly name = "AuthRefusedError";
  readonly kind: AuthRefusal;
  readonly waitSeconds: number | undefined;
  constructor(kind: AuthRefusal, waitSeconds?: number) {
    super(kind);
    this.kind = kind;
    this.waitSeconds = waitSeconds;
  }
}
