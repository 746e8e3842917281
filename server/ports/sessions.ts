/** Who is signed in, by the cookie that a request carries. */
export interface SignedIn {
  readonly sessionId: string;
  readonly userId: string;
  readonly email: string;
  readonly isEmailVerified: boolean;
  /** The account that shows the product on embedded stores: it looks, and changes nothing that others see. */
  readonly isDemo: boolean;
}

/** Reads sessions. What a session may do is not its business: see `accounts/access.ts`. */
export interface Sessions {
  /**
   * Undefined without a session that holds, of an account whose address is verified.
   * @param publicUrl where the client finds us, whose scheme tells which cookie counts; without it either does
   * @throws DatabaseUnavailableError
   */
  of(headers: Headers, publicUrl?: string): Promise<SignedIn | undefined>;
}
