/** Where better-auth's paths lie, below where the client finds us. */
export const AUTH_PATH = "/api/auth";

/** Names under which a machine finds itself. */
const LOCAL_NAMES = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** Whether an address leads nowhere but to the machine of whoever opens it. */
export const isLocalUrl = (url: string): boolean => LOCAL_NAMES.test(new URL(url).hostname);

/** Where links in mails lead. @param publicUrl scheme, host and path, without a slash at the end */
export const authLinks = (publicUrl: string) => ({
  /** Answers with a redirect to the dashboard, which says how it went. */
  verify(token: string): string {
    const { pathname } = new URL(`${publicUrl}/dashboard`);
    const query = new URLSearchParams({ token, callbackURL: `${pathname}?verified` });
    return `${publicUrl}${AUTH_PATH}/verify-email?${query}`;
  },
  reset: (token: string): string => `${publicUrl}/dashboard?${new URLSearchParams({ reset: token })}`,
  signIn: (): string => `${publicUrl}/dashboard`,
});
