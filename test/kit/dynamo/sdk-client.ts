import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
} from "@aws-sdk/lib-dynamodb";
import { EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import type {
  Answered,
  DocumentClient,
  Operation,
  Operations,
} from "../../../server/store/dynamo/wire/document-client.ts";

/** The reference for our own client of DynamoDB: AWS's document client, with the same bounds. */
export function createSdkClient(config: DynamoDBClientConfig): DocumentClient {
  const client = new DynamoDBClient({
    credentials: EMULATOR_CREDENTIALS,
    region: "us-east-1",
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
    ...config,
  });
  const documents = DynamoDBDocumentClient.from(client);
  const senders: { [O in Operation]: (input: Operations[O][0]) => Promise<Operations[O][1]> } = {
    GetItem: (input) => documents.send(new GetCommand(input)),
    PutItem: (input) => documents.send(new PutCommand(input)),
    DeleteItem: (input) => documents.send(new DeleteCommand(input)),
    Query: (input) => documents.send(new QueryCommand(input)),
    Scan: (input) => documents.send(new ScanCommand(input)),
    BatchGetItem: (input) => documents.send(new BatchGetCommand(input)),
    BatchWriteItem: (input) => documents.send(new BatchWriteCommand(input)),
    CreateTable: (input) => client.send(new CreateTableCommand(input)),
    DescribeTable: (input) => client.send(new DescribeTableCommand(input)),
    DescribeTimeToLive: (input) => client.send(new DescribeTimeToLiveCommand(input)),
    UpdateTimeToLive: (input) => client.send(new UpdateTimeToLiveCommand(input)),
  };
  return {
    send: <O extends Operation>(operation: O, input: Operations[O][0]) =>
      senders[operation](input) as Promise<Answered<O>>,
    destroy: () => client.destroy(),
  };
}
