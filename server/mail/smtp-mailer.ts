import { isLoopback } from "../kit/network-address.ts";
import type { Mailer } from "../ports/mail.ts";

export interface SmtpOptions {
  /** `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte on. */
  readonly url: string;
  /** `STRATUM <no-reply@maps.example>`. */
  readonly from: string;
}

/** A server of mail that does not answer must not keep much waiting behind it. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/**
 * Hands mails to an SMTP server, on a connection for each: they are few, and in a Worker a connection is its request's. Works over workerd's
 * sockets, too, but for port 25, which the platform has closed.
 */
export function createSmtpMailer({ url, from }: SmtpOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const server = {
    host: hostname.replace(/^\[|\]$/g, ""),
    ...(port !== "" && { port: Number(port) }),
    secure: protocol === "smtps:",
    // A password goes over no network in the clear.
    requireTLS: username !== "" && !isLoopback(hostname),
    ...(username !== "" && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    ...TIMEOUTS,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return {
    async send({ to, subject, text, html }) {
      // Loaded with the first mail.
      const { createTransport } = await import("nodemailer");
      // As parts, so that no address is read as a list of them.
      await createTransport(server).sendMail({ from, to: { name: "", address: to }, subject, text, html });
    },
  };
}
