import { OperatorError } from "../console/operator-error.ts";

/** The DynamoDB that keeps the reports. */
export interface DynamoConfig {
  readonly tableName: string;
  readonly region: string;
  /** Unset: AWS's own for the region. */
  readonly endpoint?: string;
  /** Unset: the AWS SDK finds them itself (profile, SSO, container, web identity, instance role). */
  readonly credentials?: AwsCredentials;
  /** What the SDK is told to take them from: a variable with its value, for whoever reads why there are none. */
  readonly credentialsFrom?: string;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the environment says of it; everything may be unset but the region. */
export interface DynamoVariables {
  readonly DYNAMODB_TABLE?: string | undefined;
  readonly DYNAMODB_ENDPOINT?: string | undefined;
  readonly AWS_REGION?: string | undefined;
  readonly AWS_DEFAULT_REGION?: string | undefined;
  readonly AWS_ACCESS_KEY_ID?: string | undefined;
  readonly AWS_SECRET_ACCESS_KEY?: string | undefined;
  readonly AWS_SESSION_TOKEN?: string | undefined;
  readonly AWS_PROFILE?: string | undefined;
  readonly AWS_WEB_IDENTITY_TOKEN_FILE?: string | undefined;
  readonly AWS_CONTAINER_CREDENTIALS_RELATIVE_URI?: string | undefined;
  readonly AWS_CONTAINER_CREDENTIALS_FULL_URI?: string | undefined;
}

/** What an endpoint alone chooses: the table of an emulator, or of a test. */
const LOCAL_TABLE = "stratum";
/** An emulator takes any credentials, but the SDK insists on having some. */
const LOCAL_CREDENTIALS: AwsCredentials = { accessKeyId: "local", secretAccessKey: "local" };
/** Credentials that a platform gives to what it runs: nobody has them by accident. */
const OF_A_SERVER = [
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
] as const;
/** Where the SDK looks for them when it is told to. */
const SOURCES = ["AWS_PROFILE", ...OF_A_SERVER] as const;
/** Those that lie about on a laptop, for whatever else its owner does with AWS. */
const OF_A_LAPTOP = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"] as const;

/**
 * The DynamoDB that a table or an endpoint chooses; without both undefined, for the embedded store.
 * @throws OperatorError when half a key is set, or when a server of AWS's would keep its reports on its own disk unasked.
 */
export function chooseDynamo(variables: DynamoVariables): DynamoConfig | undefined {
  const { DYNAMODB_TABLE: table, DYNAMODB_ENDPOINT: endpoint } = variables;
  if (table === undefined && endpoint === undefined) {
    refuseOnServer(variables);
    return undefined;
  }
  const credentials = credentialsFor(variables);
  const from = SOURCES.find((name) => variables[name] !== undefined);
  return {
    tableName: table ?? LOCAL_TABLE,
    region: variables.AWS_REGION ?? variables.AWS_DEFAULT_REGION ?? "",
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(credentials !== undefined || from === undefined ? {} : { credentialsFrom: `${from}=${variables[from]}` }),
  };
}

/** What whoever starts an embedded store should know, in one line. @param place where the reports are kept then */
export function noticeOfEmbedded(variables: DynamoVariables, place: string): string | undefined {
  if (OF_A_LAPTOP.every((name) => variables[name] === undefined)) return undefined;
  return `AWS credentials are set, but no DYNAMODB_TABLE: reports are kept in ${place}`;
}

function refuseOnServer(variables: DynamoVariables): void {
  const found = OF_A_SERVER.find((name) => variables[name] !== undefined);
  if (found === undefined) return;
  throw new OperatorError(
    `${found} is set, as on a server of AWS's, but DYNAMODB_TABLE is not: set it to the table of the reports, or unset ${found} ` +
      "to keep them in DATA_DIR on this machine.",
  );
}

function credentialsFor(variables: DynamoVariables): AwsCredentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = variables;
  const { AWS_SESSION_TOKEN: sessionToken, DYNAMODB_ENDPOINT: endpoint } = variables;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }
  if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    const [set, unset] = accessKeyId
      ? ["_ACCESS_KEY_ID", "_SECRET_ACCESS_KEY"]
      : ["_SECRET_ACCESS_KEY", "_ACCESS_KEY_ID"];
    throw new OperatorError(`AWS${set} is set but AWS${unset} is not: set both, or neither.`);
  }
  const isConfigured = [...OF_A_SERVER, ...OF_A_LAPTOP].some((name) => variables[name] !== undefined);
  return endpoint === undefined || isConfigured || isOfAws(endpoint) ? undefined : LOCAL_CREDENTIALS;
}

/** AWS has endpoints of other names too, such as those of a private network: there a role of the machine is what counts. */
function isOfAws(endpoint: string): boolean {
  return /\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/i.test(new URL(endpoint).hostname);
}
