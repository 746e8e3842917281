/** The screens before one is signed in. */
export const ENTRANCE_WORDS = {
  pitch: "The pulse of a city, in figures",
  pitchText:
    "What residents report, by neighbourhood and week: safety, vibe, infrastructure and opportunity. For whoever works with places, and for the cities that care for them.",
  pitchPoints: [
    "Trends and comparisons of neighbourhoods, week over week",
    "Exports as CSV, GeoJSON, NDJSON and Parquet",
    "For city governments: a queue of infrastructure reports, and moderation",
    "API keys with a quota, and usage by day and kind",
  ],
  signInTitle: "Sign in",
  email: "E-mail",
  password: "Password",
  name: "Name",
  signIn: "Sign in",
  toSignUp: "Create an account",
  toForgot: "Forgot your password?",
  toSignIn: "Back to sign in",
  verified: "Your e-mail address is verified. Sign in to go on.",
  notVerified: "That link has expired or was used. Sign in, and you can have another one sent.",
  unverified: "Your e-mail address is not verified yet. Follow the link in the mail that we sent you.",
  resend: "Send the mail again",
  resent: "If there is such an account, a mail is on its way.",
  signUpTitle: "Create an account",
  signUpText: "Free. Reporting and the map need none.",
  signUp: "Create account",
  passwordHint: "At least 8 characters.",
  checkMail: "Check your mail",
  checkMailText: (email: string): string =>
    `If ${email} can have an account, a mail with a link is on its way to it. Follow the link to verify the address, then sign in.`,
  forgotTitle: "A new password",
  forgotText: "We send a link to your address, if there is an account of it.",
  forgot: "Send the link",
  resetTitle: "Choose a new password",
  newPassword: "New password",
  reset: "Save the password",
  resetDone: "Your password is changed. Sign in with it.",
  badReset: "That link has expired or was used.",
  another: "Send another link",
  demo: "Look around with the demo account",
  demoHint: "Only on a server that runs on its own machine with its own stores.",
  plans: "Plans",
} as const;

/** The account that shows the product, on embedded stores and loopback alone. */
export const DEMO = { email: "demo@stratum.app", password: "stratum2026" } as const;
