import { betterAuth } from "better-auth/minimal";
import type { Sql } from "../../ports/sql.ts";
import { createAuthAdapter } from "./auth-adapter.ts";
import { AUTH_PATH } from "./auth-links.ts";
import {
  PASSWORD_LENGTH,
  RESET_SECONDS,
  SESSION_RENEWED_AFTER_SECONDS,
  SESSION_SECONDS,
  VERIFY_SECONDS,
} from "./limits.ts";
import type { Passwords } from "./passwords.ts";
import { cookiePrefix } from "./session-token.ts";

/** What of an account is told to whom a mail goes. */
export interface MailedUser {
  readonly id: string;
  readonly email: string;
}

export interface EngineOptions {
  readonly sql: Sql;
  readonly secret: string;
  readonly passwords: Passwords;
  readonly isDemoAllowed: boolean;
  /** Where the client finds us: scheme, host and path, without a slash at the end. */
  readonly publicUrl: string;
  /** Keeps the request going for what nobody waits for. */
  later(work: Promise<unknown>): void;
  mailVerification(user: MailedUser, token: string): Promise<void>;
  mailReset(user: MailedUser, token: string): Promise<void>;
  /** Somebody wants an account for an address that has one. */
  mailExisting(user: MailedUser): Promise<void>;
  /** Who reset a password has shown that the address is theirs. */
  passwordWasReset(user: MailedUser): Promise<void>;
}

/** Answers a request of better-auth's. Made anew for each: it holds what the request may reach, and nothing of another's. Costs 1 to 3 ms. */
export function createAuthEngine(options: EngineOptions): (request: Request) => Promise<Response> {
  const { sql, secret, publicUrl, passwords } = options;
  const adapter = createAuthAdapter(sql, options.isDemoAllowed);
  const isSecure = publicUrl.startsWith("https:");
  const auth = betterAuth({
    ...TABLES,
    baseURL: publicUrl + AUTH_PATH,
    basePath: new URL(publicUrl + AUTH_PATH).pathname,
    // As a list: of a lone `secret` the environment may take the place.
    secrets: [{ version: 1, value: secret }],
    database: adapter.factory,
    telemetry: { enabled: false },
    // It would log addresses.
    logger: { disabled: true },
    onAPIError: { throw: true },
    // Ours count for all processes: `attempts.ts`.
    rateLimit: { enabled: false },
    emailAndPassword: {
      enabled: true,
      requireEmailVerification: true,
      autoSignIn: false,
      minPasswordLength: PASSWORD_LENGTH.min,
      maxPasswordLength: PASSWORD_LENGTH.max,
      password: passwords,
      resetPasswordTokenExpiresIn: RESET_SECONDS,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, token }) => options.mailReset(user, token),
      onPasswordReset: ({ user }) => options.passwordWasReset(user),
      onExistingUserSignUp: ({ user }) => options.mailExisting(user),
    },
    emailVerification: {
      sendOnSignUp: true,
      // Whoever opens the mail may be another than who chose the password: a link signs nobody in.
      autoSignInAfterVerification: false,
      expiresIn: VERIFY_SECONDS,
      sendVerificationEmail: ({ user, token }) => options.mailVerification(user, token),
    },
    advanced: {
      database: { generateId: "uuid", validateSchema: false },
      cookiePrefix: cookiePrefix(isSecure),
      // `__Secure-` would be put before `__Host-`.
      useSecureCookies: false,
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax", path: "/", secure: isSecure },
      ipAddress: { disableIpTracking: true },
      // Off in tests, unless it is said.
      disableCSRFCheck: false,
      disableOriginCheck: false,
      backgroundTasks: { handler: options.later },
    },
  });
  return async (request) => {
    const [answered] = await Promise.allSettled([auth.handler(request)]);
    const fault = adapter.fault();
    // What it answers without PostgreSQL is not true, be it that nobody is signed in.
    if (fault !== undefined) throw fault;
    if (answered.status === "rejected") throw answered.reason;
    return answered.value;
  };
}

const TIMES = { createdAt: "created_at", updatedAt: "updated_at" } as const;

/** Its models by our names. What is not here, such as a plan or a role, it neither reads nor writes. */
const TABLES = {
  user: { modelName: "users", fields: { emailVerified: "email_verified", ...TIMES } },
  session: {
    modelName: "sessions",
    fields: { userId: "user_id", expiresAt: "expires_at", userAgent: "user_agent", ipAddress: "ip_address", ...TIMES },
    expiresIn: SESSION_SECONDS,
    updateAge: SESSION_RENEWED_AFTER_SECONDS,
    // Sessions are listed however old one's own is.
    freshAge: 0,
  },
  account: {
    modelName: "credentials",
    fields: { userId: "user_id", accountId: "account_id", providerId: "provider_id", ...TIMES },
  },
  verification: {
    modelName: "verifications",
    fields: { expiresAt: "expires_at", ...TIMES },
    storeIdentifier: "hashed",
  },
} as const;
