import { BASE } from "../../api/base.ts";
import { ask } from "./ask.ts";

/** The dashboard's own address with `query`, where mails lead back to. A path: another origin would be refused. */
const backTo = (query: string): string => `${new URL(BASE).pathname.replace(/\/$/, "")}/dashboard?${query}`;

const post = (path: string, json: object): Promise<unknown> => ask(`/api/auth/${path}`, { method: "POST", json });

export interface NewAccount {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** Makes an account, which its mail must verify; the answer is the same when there is one already. @throws AskError */
export const signUp = (account: NewAccount): Promise<unknown> =>
  post("sign-up/email", { ...account, callbackURL: backTo("verified") });

/** @throws AskError, of the kind EMAIL_NOT_VERIFIED before the mail was followed */
export const signIn = (email: string, password: string): Promise<unknown> => post("sign-in/email", { email, password });

export const signOut = (): Promise<unknown> => post("sign-out", {});

/** Ends the sessions of every browser, this one's too. */
export const signOutEverywhere = (): Promise<unknown> => post("revoke-sessions", {});

/** Sends a mail with a way to a new password, if there is such an account. */
export const askForReset = (email: string): Promise<unknown> =>
  post("request-password-reset", { email, redirectTo: backTo("view=reset") });

/** @param token of the mail */
export const setNewPassword = (token: string, newPassword: string): Promise<unknown> =>
  post("reset-password", { token, newPassword });

export const sendVerification = (email: string): Promise<unknown> =>
  post("send-verification-email", { email, callbackURL: backTo("verified") });

/** Sets another password; every other session ends. */
export const changePassword = (currentPassword: string, newPassword: string): Promise<unknown> =>
  post("change-password", { currentPassword, newPassword, revokeOtherSessions: true });

export interface SessionJson {
  readonly id: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly userAgent?: string | null;
}

export const listSessions = (): Promise<readonly SessionJson[]> => ask("/api/auth/list-sessions");
