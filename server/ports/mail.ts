/** One mail to one address. */
export interface Mail {
  /** An address that was checked: no line breaks, no list. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Sends mails. */
export interface Mailer {
  /** Resolves when it was handed over. @throws Error when it could not be */
  send(mail: Mail): Promise<void>;
}
