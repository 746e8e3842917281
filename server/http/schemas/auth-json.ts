import { z } from "@hono/zod-openapi";
import { MAX_EMAIL_LENGTH, MAX_NAME_LENGTH, PASSWORD_LENGTH } from "../../accounts/auth/limits.ts";

/** Bodies of `/api/auth/*`, as better-auth takes them. What is not named here is refused, so nobody gives himself a role, a plan or a verified address. */

const { min, max } = PASSWORD_LENGTH;
const text = z.string("must be a text").refine((value) => value.isWellFormed(), "must be well-formed Unicode");

const email = z
  .email("must be an e-mail address, such as ann@example.org")
  .max(MAX_EMAIL_LENGTH, `must have at most ${MAX_EMAIL_LENGTH} characters`);
const name = text
  .trim()
  .min(1, "must not be empty")
  .max(MAX_NAME_LENGTH, `must have at most ${MAX_NAME_LENGTH} characters`)
  .refine((value) => !/\p{Cc}/u.test(value), "must not have control characters");
/** As it was chosen once; also of before there was a shortest. */
const oldPassword = text.min(1, "must not be empty").max(max, `must have at most ${max} characters`);
const newPassword = text
  .min(min, `must have at least ${min} characters`)
  .max(max, `must have at most ${max} characters`);
const ownAddress = text.max(2000, "must have at most 2000 characters").optional();
const token = text
  .min(1, "must not be empty")
  .max(2000, "must have at most 2000 characters")
  // Ours have none, and PostgreSQL takes no NUL in a text.
  .refine((value) => !/\p{Cc}/u.test(value), "must not have control characters");
const rememberMe = z
  .boolean("must be true or false")
  .optional()
  .openapi({ description: "False ends the session with the browser." });

const body = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? "is not a field of this request" : "must be a JSON object"),
  });

export const signUpSchema = body({ name, email, password: newPassword, callbackURL: ownAddress, rememberMe })
  .refine((sent) => sent.password.toLowerCase() !== sent.email.toLowerCase(), {
    path: ["password"],
    error: "must not be the address",
  })
  .openapi("SignUp");
export const signInSchema = body({ email, password: oldPassword, callbackURL: ownAddress, rememberMe }).openapi(
  "SignIn",
);
export const resetRequestSchema = body({ email, redirectTo: ownAddress }).openapi("PasswordResetRequest");
export const resetSchema = body({ newPassword, token }).openapi("PasswordReset");
export const verificationRequestSchema = body({ email, callbackURL: ownAddress }).openapi("VerificationRequest");
export const passwordChangeSchema = body({
  currentPassword: oldPassword,
  newPassword,
  revokeOtherSessions: z.boolean("must be true or false").optional().openapi({ description: "They always are." }),
}).openapi("PasswordChange");
export const sessionEndSchema = body({ token }).openapi("SessionEnd");
export const nothingSchema = body({}).openapi("Nothing");
export const deletionSchema = body({ password: oldPassword }).openapi("AccountDeletion");

/** Of answers that better-auth writes. */
const time = z.iso.datetime();
const userSchema = z
  .looseObject({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    emailVerified: z.boolean(),
    createdAt: time,
    updatedAt: time,
  })
  .openapi("SessionUser");
const sessionSchema = z
  .looseObject({
    id: z.string(),
    token: z.string().openapi({ description: "Names the session, and opens nothing: the cookie is signed." }),
    userId: z.string(),
    expiresAt: time,
    createdAt: time,
    updatedAt: time,
    userAgent: z.string().nullish(),
  })
  .openapi("Session");

export const signedUpSchema = z.looseObject({ token: z.null(), user: userSchema });
export const signedInSchema = z.looseObject({ redirect: z.boolean(), token: z.string(), user: userSchema });
export const currentSessionSchema = z.looseObject({ session: sessionSchema, user: userSchema }).nullable();
export const sessionListSchema = z.array(sessionSchema);
export const statusSchema = z.looseObject({ status: z.boolean() });
export const signedOutSchema = z.looseObject({ success: z.boolean() });
export const passwordChangedSchema = z.looseObject({ token: z.string().nullable(), user: userSchema });
